// Where the time of runs goes, kernel by kernel.

import type { Step } from "../graph/plan.ts";

/** The time of one kernel over all runs of a model loaded with `profile`. */
export interface Timing {
  /** The kernel's name. */
  kernel: string;
  /** The number of its calls. */
  calls: number;
  /** Milliseconds in all calls. */
  ms: number;
  /** Floating-point operations in all calls, 0 for kernels that are not counted. */
  flops: number;
  /** Bytes of the tensors they read and wrote, each once. */
  bytes: number;
}

export type Profile = Map<string, Timing>;

/** Adds a step that ran. */
export function record(profile: Profile, { kernel, flops = 0, bytes }: Step, ms: number): void {
  const sum = profile.get(kernel) ?? { kernel, calls: 0, ms: 0, flops: 0, bytes: 0 };
  profile.set(kernel, {
    kernel,
    calls: sum.calls + 1,
    ms: sum.ms + ms,
    flops: sum.flops + flops,
    bytes: sum.bytes + bytes,
  });
}
