import type { RelpropError } from "../errors.ts";
import type { Plan } from "../graph/plan.ts";
import type { Profile } from "./profile.ts";

export type Data = Record<string, Float32Array>;

/**
 * What plans keep on the device from run to run: their states by name, of one owner. A state grows to what the largest plan
 * asks for that has run with it; what no run has written is zeros. After a run that failed its content is undefined.
 */
export interface States {
  /** Bytes of device memory. */
  readonly bytes: number;
  /** Frees them, once the run under way has ended. */
  dispose(): void;
}

/** A plan made ready to run, any number of times but one run at a time. */
export interface Program {
  /** Bytes of device memory it holds, without the weights and states. */
  readonly bytes: number;
  /**
   * An abort ends a run of the CPU's between two kernels; what a GPU was given it runs to its end. Plans with states run with those
   * of an owner, which createStates() of the same backend has made.
   */
  run(inputs: Data, signal?: AbortSignal, states?: States): Promise<Data>;
  dispose(): void;
}

/** A place where plans run. It knows nothing of ops: kernels are found by name. */
export interface Backend {
  readonly name: "wasm" | "webgpu";
  /** Threads that share the work, and why there are fewer than requested. */
  readonly threads?: number;
  readonly reason?: string;
  /** Why it can run nothing any more: the device is lost (`DeviceLost`) or a thread has ended (`WorkerCrashed`). */
  readonly lost?: RelpropError;
  /** Tokens of all texts and targets of a run that keep it busy: what more there are may as well have a run of their own. */
  readonly rows: number;
  /**
   * Makes room for weights of so many numbers each, all that plans will name. Rejects what the device cannot hold, before
   * a byte of them is read.
   */
  allocate(weights: ReadonlyMap<string, number>): Promise<void>;
  /** Writes `n` numbers of a weight, from its number `at` on: `fill` puts them where they belong. */
  write(name: string, at: number, n: number, fill: (out: Float32Array) => void): Promise<void>;
  prepare(plan: Plan): Promise<Program>;
  /** For a new owner, none so far. Disposing of the backend frees them too. */
  createStates(): Promise<States>;
  /** Starts compiling what a plan will need. */
  warm?(plan: Plan): void;
  /** Where the time of all runs so far went, if the backend was started with `profile`. */
  readonly profile?: Profile;
  dispose(): void;
}

/** A run's input, which must fill its buffer. */
export function expect(inputs: Data, name: string, size: number): Float32Array {
  const data = inputs[name];
  if (data?.length !== size) throw new Error(`input ${name} has ${data?.length} elements, the plan needs ${size}`);
  return data;
}
