import type { Backend, Program } from "../backends/backend.ts";
import { plan, workBytes } from "../graph/plan.ts";
import { pauses } from "../pauses.ts";
import type { Trace } from "./network.ts";

/** A plan ready to run, and how to read what it has computed. */
export interface Ready<T extends Trace = Trace> {
  program: Program;
  trace: T;
}

const MOST_PLANS = 32; // kept ready, and the most bytes of their work buffers
const MOST_BYTES = 2 ** 29;

/** A backend's programs, kept ready by a key: to plan and prepare takes longer than to run a short text. */
export class PlanCache {
  readonly #backend: Backend;
  readonly #ready = new Map<string, Ready>();

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /**
   * The program under a key, or a new one; those used longest ago give way. Undefined if it would take more work buffers
   * than `most` bytes. A key is of one kind of trace.
   */
  async get<T extends Trace>(
    key: string,
    trace: () => T,
    most: number,
    signal?: AbortSignal,
  ): Promise<Ready<T> | undefined> {
    const found = this.#ready.get(key) as Ready<T> | undefined;
    if (found) this.#ready.delete(key);
    const ready = found ?? (await this.#prepare(trace, most, signal));
    if (!ready) return undefined;
    this.#ready.set(key, ready);
    let bytes = 0;
    for (const { program } of this.#ready.values()) bytes += program.bytes;
    for (const [old, { program }] of this.#ready) {
      if ((bytes <= MOST_BYTES && this.#ready.size <= MOST_PLANS) || old === key) break;
      bytes -= program.bytes;
      program.dispose();
      this.#ready.delete(old);
    }
    return ready;
  }

  async #prepare<T extends Trace>(make: () => T, most: number, signal?: AbortSignal): Promise<Ready<T> | undefined> {
    const pause = pauses(signal);
    const trace = make();
    await pause();
    const todo = plan(trace.outputs);
    await pause();
    return workBytes(todo) <= most ? { trace, program: await this.#backend.prepare(todo) } : undefined;
  }

  dispose(): void {
    for (const { program } of this.#ready.values()) program.dispose();
    this.#ready.clear();
  }
}
