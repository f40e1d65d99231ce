import { RelpropError, throwIfAborted } from "../../errors.ts";
import { isWork, type Plan, workBytes } from "../../graph/plan.ts";
import { pauses } from "../../pauses.ts";
import { type Backend, type Data, expect, type Program, type States } from "../backend.ts";
import type { BackendOptions } from "../options.ts";
import { type Profile, record } from "../profile.ts";
import { builtin, rest } from "./builtin.ts";
import { chooseBuild, compile, type WasmSource } from "./module.ts";
import type { Region, WasmStates } from "./states.ts";
import type { KernelCall } from "./thread.ts";
import { align, alone, createThreadPool, PAGE, room, type ThreadPool } from "./thread_pool.ts";

/** Runs plans on the CPU, with the kernels of assembly/. Throws `WasmUnavailable` where the runtime forbids them. */
export async function wasm(
  given?: WasmSource | Promise<WasmSource>,
  options: Pick<BackendOptions, "deterministic" | "threads" | "profile"> = {},
): Promise<Backend> {
  const { deterministic, threads = 1, profile } = options;
  let reason: string | undefined;
  const more = () => rest(chooseBuild(deterministic));
  if (threads > 1) {
    try {
      return backend(await createThreadPool(threads, given ?? (await builtin(chooseBuild(deterministic)))), more, {
        profile,
      });
    } catch (cause) {
      reason = `one thread: ${cause}`;
    }
  }
  return backend(await alone(await compile(given, deterministic)), more, { profile, reason });
}

type More = () => Promise<Uint8Array<ArrayBuffer> | undefined>;

function backend(started: ThreadPool, more: More, options: { profile?: boolean; reason?: string }): Backend {
  const { threads, heap } = started;
  const { reason } = options;
  let held: ThreadPool | undefined = started; // until dispose(): who still has the backend then holds no memory with it
  let lost: RelpropError | undefined;
  const crew = () => {
    if (held) return held;
    throw new RelpropError("Disposed", "the backend was disposed of");
  };

  // Weights lie from the heap up; above them the states, and then the work buffers of whichever program runs.
  const weights = new Map<string, number>();
  let end = align(heap);
  let before: Promise<unknown> = Promise.resolve(); // all programs work in the same place, so one at a time
  const profile: Profile | undefined = options.profile ? new Map() : undefined;

  const reserve = (top: number) => {
    const { memory } = crew();
    const missing = top - memory.buffer.byteLength;
    if (missing <= 0) return;
    try {
      memory.grow(Math.ceil(missing / PAGE));
    } catch (cause) {
      const have = Math.floor(memory.buffer.byteLength / 2 ** 20);
      const want = Math.floor(top / 2 ** 20);
      throw new RelpropError(
        "OutOfMemory",
        `WASM memory cannot grow from ${have} to ${want} MiB`,
        { bytes: top },
        cause,
      );
    }
  };
  const inTurn = <R>(work: () => Promise<R>) => {
    const turn = before.then(work);
    before = turn.catch(() => {});
    return turn;
  };
  const later = (work: () => void) => void inTurn(async () => held && work());
  let states: Region | undefined;
  const top = () => states?.end ?? end;
  /** Loads the kernels that the usual ones lack, if the plan needs one. */
  const complete = async ({ steps }: Plan) => {
    const missing = () => steps.find(({ kernel }) => !crew().has(kernel))?.kernel;
    if (missing() === undefined) return;
    const bytes = await more();
    if (bytes) await inTurn(async () => missing() !== undefined && crew().add(bytes));
    if (missing() === undefined) return;
    throw new RelpropError("WasmUnavailable", `the given module has no kernel ${missing()}; is it of another version?`);
  };
  const view = (pointer: number, size: number) => new Float32Array(crew().memory.buffer, pointer, size);

  const prepare = (plan: Plan): Program => {
    const missing = plan.buffers.find((b) => b.weight !== undefined && !weights.has(b.weight));
    if (missing) throw new RelpropError("MissingTensor", `no weight ${missing.weight} was uploaded`);

    // Offsets from the end of the states, which moves with them and the weights.
    let bytes = 0;
    const offsets = plan.buffers.map((b) => {
      const offset = bytes;
      if (isWork(b)) bytes = align(bytes + b.bytes);
      return offset;
    });
    reserve(top() + bytes);

    const work = async (inputs: Data, signal?: AbortSignal, own?: States) => {
      const mine = own as WasmStates | undefined;
      mine?.fit(plan);
      reserve(top() + bytes);
      const pointers = plan.buffers.map(({ weight, state }, i) => {
        if (weight !== undefined) return weights.get(weight)!;
        return state === undefined ? top() + offsets[i] : mine!.pointer(state);
      });
      const pointer = (buffer: number) => pointers[buffer];
      for (const [name, { buffer, size }] of Object.entries(plan.inputs)) {
        view(pointer(buffer), size).set(expect(inputs, name, size));
      }
      const calls = plan.steps.map(
        ({ kernel, buffers, args }): KernelCall => [kernel, ...buffers.map(pointer), ...args],
      );
      try {
        if (profile) await timed(crew(), plan, calls, profile, signal);
        else await crew().run(calls, signal);
      } catch (cause) {
        throwIfAborted(signal);
        throw crew().lost ?? new RelpropError("WasmTrap", `a kernel trapped: ${cause}; please report this`, {}, cause);
      }
      const results: Data = {};
      for (const [name, { buffer, size }] of Object.entries(plan.outputs)) {
        results[name] = room(() => view(pointer(buffer), size).slice(), 4 * size);
      }
      return results;
    };
    const run: Program["run"] = (...given) => inTurn(() => work(...given));
    return { bytes: workBytes(plan), run, dispose: () => {} };
  };

  return {
    name: "wasm",
    threads,
    reason,
    get lost() {
      return held ? held.lost : lost;
    },
    rows: 512,
    allocate: (sizes) =>
      inTurn(async () => {
        let next = end;
        const places = [...sizes].map(([name, size]) => {
          const place = [name, next] as const;
          next = align(next + 4 * size);
          return place;
        });
        reserve(next);
        states?.move(next);
        for (const [name, pointer] of places) weights.set(name, pointer);
        end = next;
      }),
    async write(name, at, n, fill) {
      fill(view(weights.get(name)! + 4 * at, n));
    },
    async prepare(plan) {
      await complete(plan);
      return prepare(plan);
    },
    async createStates() {
      const { region } = await import("./states.ts");
      states ??= region(() => crew().memory, end, reserve, later);
      return states.create();
    },
    dispose() {
      weights.clear();
      lost = held?.lost ?? lost;
      held?.dispose();
      held = undefined;
    },
    profile,
  };
}

/** Runs calls one by one and enters the time of each. */
async function timed(
  crew: ThreadPool,
  plan: Plan,
  calls: KernelCall[],
  profile: Profile,
  signal: AbortSignal | undefined,
): Promise<void> {
  const pause = pauses(signal);
  for (const [i, call] of calls.entries()) {
    const start = performance.now();
    await crew.run([call]);
    record(profile, plan.steps[i], performance.now() - start);
    await pause();
  }
}
