// The GPU's kernels: every entry point in shaders/, found by scanning the text, so that a new one needs no list.

import { shaders } from "../../generated/shaders.ts";
import type { Call } from "../../graph/tensor.ts";

export interface Kernel {
  /** Size of the shader's `Args`. */
  bytes: number;
  /** Writes arguments as the fields of `Args`, in order. */
  write(args: readonly number[], to: DataView): void;
  /** The variant with these pipeline constants, built the first time it is asked for. */
  pipeline(constants?: Call["constants"]): Promise<GPUComputePipeline>;
}

export type Kernels = Map<string, Kernel>;

const known = new WeakMap<GPUDevice, [staged: Kernels, unstaged: Kernels]>();

/** A device's kernels, which all models on it share. */
export function kernelsOf(device: GPUDevice, staged: boolean): Kernels {
  const found = known.get(device) ?? [findKernels(device, true), findKernels(device, false)];
  known.set(device, found);
  return found[Number(!staged)];
}

/** `staged`: whether kernels stage operands in workgroup memory, those that can. */
export function findKernels(device: GPUDevice, staged: boolean, from = shaders): Kernels {
  const kernels: Kernels = new Map();
  for (const [file, code] of Object.entries(from)) {
    let module: GPUShaderModule | undefined;
    const fields = argumentTypes(code);
    const write: Kernel["write"] = (args, to) => {
      if (args.length !== fields.length) throw new Error(`${args.length} arguments for ${fields.length} fields`);
      fields.forEach((type, i) => {
        if (type === "f32") to.setFloat32(4 * i, args[i], true);
        else to.setUint32(4 * i, args[i], true);
      });
    };
    const common: Call["constants"] = code.includes("override STAGED") ? { STAGED: Number(staged) } : {};
    for (const entryPoint of entryPoints(code)) {
      const built = new Map<string, Promise<GPUComputePipeline>>();
      const pipeline: Kernel["pipeline"] = (own) => {
        const constants = { ...common, ...own };
        const key = JSON.stringify(constants);
        module ??= device.createShaderModule({ code });
        const compute = { module, entryPoint, constants };
        const found = built.get(key) ?? device.createComputePipelineAsync({ layout: "auto", compute });
        built.set(key, found);
        found.catch(() => built.delete(key)); // what failed may work another time
        return found;
      };
      kernels.set(kernelName(file, entryPoint), { bytes: 4 * fields.length, write, pipeline });
    }
  }
  return kernels;
}

/** The types of the fields of a shader's `Args`, in order. */
export function argumentTypes(code: string): string[] {
  const [, body] = /struct Args *\{([^}]*)\}/.exec(code)!;
  return [...body.matchAll(/\w+\s*:\s*(\w+)/g)].map(([, type]) => type);
}

/** An entry point that files share begins with _, and its kernel's name with the file's. */
export const kernelName = (file: string, entryPoint: string): string =>
  entryPoint.startsWith("_") ? file + entryPoint : entryPoint;

/** A shader's entry points. */
export const entryPoints = (code: string): string[] => [...code.matchAll(/@compute[^{]*?fn (\w+)/g)].map(([, n]) => n);
