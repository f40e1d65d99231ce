// States on a GPU: one buffer each. A larger buffer replaces it when the state grows.

import type { Plan } from "../../graph/plan.ts";
import type { States } from "../backend.ts";
import { storage } from "./buffers.ts";

export interface GpuStates extends States {
  /** Whether there is room for those that a plan names. */
  fits(plan: Plan): boolean;
  /** Makes room. What is new of a state is zeros. Throws `GpuLimits`. */
  fit(plan: Plan): void;
  buffer(state: string): GPUBuffer;
  /** Counts up whenever buffers are freed that programs have bound. */
  readonly grown: number;
}

/** The states of an owner; `living` has those of all that are not disposed of. */
export function createStates(device: GPUDevice, living: Set<States>): GpuStates {
  const buffers = new Map<string, GPUBuffer>();
  let grown = 0;
  const small = (plan: Plan) =>
    plan.buffers.filter(({ state, bytes }) => state !== undefined && !((buffers.get(state)?.size ?? 0) >= bytes));

  const states: GpuStates = {
    get bytes() {
      return [...buffers.values()].reduce((n, { size }) => n + size, 0);
    },
    get grown() {
      return grown;
    },
    fits: (plan) => !small(plan).length,
    fit(plan) {
      for (const { state, bytes } of small(plan)) {
        const old = buffers.get(state!);
        const larger = storage(device, bytes, `the state ${state}`);
        buffers.set(state!, larger);
        grown++;
        if (!old) continue;
        const encoder = device.createCommandEncoder();
        encoder.copyBufferToBuffer(old, 0, larger, 0, old.size);
        device.queue.submit([encoder.finish()]);
        old.destroy();
      }
    },
    buffer: (state) => buffers.get(state)!,
    dispose() {
      for (const buffer of buffers.values()) buffer.destroy();
      buffers.clear();
      living.delete(states);
    },
  };
  living.add(states);
  return states;
}
