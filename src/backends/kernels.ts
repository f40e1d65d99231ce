// The GPU's kernels: every entry point in shaders/, found by scanning the text, so that a new one needs no list.

import { shaders } from "../generated/shaders.ts";

export interface Kernel {
  /** Size of the shader's `Args`. */
  bytes: number;
  /** Writes arguments as the fields of `Args`, in order. */
  write(args: readonly number[], to: DataView): void;
  /** Built the first time it is asked for. */
  pipeline(): Promise<GPUComputePipeline>;
}

export type Kernels = Map<string, Kernel>;

export function findKernels(device: GPUDevice): Kernels {
  const kernels: Kernels = new Map();
  for (const code of Object.values(shaders)) {
    let module: GPUShaderModule | undefined;
    const fields = argumentTypes(code);
    const write: Kernel["write"] = (args, to) => {
      if (args.length !== fields.length) throw new Error(`${args.length} arguments for ${fields.length} fields`);
      fields.forEach((type, i) => {
        if (type === "f32") to.setFloat32(4 * i, args[i], true);
        else to.setUint32(4 * i, args[i], true);
      });
    };
    for (const entryPoint of entryPoints(code)) {
      let built: Promise<GPUComputePipeline> | undefined;
      const pipeline = () => {
        module ??= device.createShaderModule({ code });
        built ??= device.createComputePipelineAsync({ layout: "auto", compute: { module, entryPoint } });
        return built;
      };
      kernels.set(entryPoint, { bytes: 4 * fields.length, write, pipeline });
    }
  }
  return kernels;
}

/** The types of the fields of a shader's `Args`, in order. */
export function argumentTypes(code: string): string[] {
  const [, body] = /struct Args \{([^}]*)\}/.exec(code)!;
  return [...body.matchAll(/\w+\s*:\s*(\w+)/g)].map(([, type]) => type);
}

/** A shader's entry points. */
export const entryPoints = (code: string): string[] => [...code.matchAll(/@compute[^{]*?fn (\w+)/g)].map(([, n]) => n);
