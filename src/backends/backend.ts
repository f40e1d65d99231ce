import type { Plan } from "../plan.ts";

export type Data = Record<string, Float32Array>;

/** A plan made ready to run, any number of times but one run at a time. */
export interface Program {
  /** Bytes of device memory it holds beside the weights. */
  readonly bytes: number;
  run(inputs: Data): Promise<Data>;
  dispose(): void;
}

/** A place where plans run. It knows nothing of ops: kernels are found by name. */
export interface Backend {
  readonly name: "wasm" | "webgpu";
  /** Keeps a weight on the device, for every plan that names it. Rejects what the device cannot hold. */
  upload(name: string, data: Float32Array): Promise<void>;
  prepare(plan: Plan): Promise<Program>;
  dispose(): void;
}
