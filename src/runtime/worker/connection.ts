// A model in a worker, seen from outside: its fields are copied once, its methods send their arguments, and errors, progress
// and aborts cross. What can be asked of a model is not written down here. Loaded when a worker is asked for.

import type { Source } from "../../checkpoint/sources.ts";
import { aborted, RelpropError, throwIfAborted } from "../../errors.ts";
import { calls } from "../../options/calls.ts";
import { checked } from "../../options/kinds.ts";
import type { LoadOptions as Here } from "../load.ts";
import type { Model } from "../model.ts";
import type { Answer, Call, Failure, Loaded } from "./serve.ts";
import { spawn, type WorkerLike } from "./spawn.ts";

const PATIENCE = 60_000; // milliseconds until a worker's first answer

/** Loads a model in a worker, or in one of its own; `given` is a source that can cross. */
export async function elsewhere(given: Source, worker: true | WorkerLike, options: Here): Promise<Model> {
  for (const name of ["gpu", "device", "fetch"] as const) {
    if (options[name] === undefined) continue;
    const message = `${name} cannot cross to a worker; a worker's own file can give it: serve({ ${name} })`;
    throw new RelpropError("InvalidOption", message);
  }
  throwIfAborted(options.signal);
  const own = worker === true ? spawn() : undefined;
  keepAlive(own, false); // Node and Bun may end while nothing is asked of it
  const client = connect(own ?? (worker as WorkerLike), () => own?.terminate());
  try {
    const { fields, methods } = (await client.call("load", [
      given,
      { ...options, wasm: await options.wasm },
    ])) as Loaded;
    const model: Record<PropertyKey, unknown> = { ...fields };
    for (const method of methods) {
      const fields = calls[method as keyof typeof calls] ?? {};
      model[method] = async (first: unknown, options = {}) =>
        client.call(method, [first, checked(`${method}()`, fields, options)]);
    }
    let disposed: Promise<void> | undefined;
    const dispose = () => {
      disposed ??= client.call("dispose", []).then(
        () => client.end(new RelpropError("Disposed", "the model was disposed of; load it again")),
        (error) => {
          if (error.code !== "WorkerCrashed") throw error; // else nothing is left to free
        },
      );
      return disposed;
    };
    model.dispose = dispose;
    model[Symbol.asyncDispose] = dispose;
    return model as unknown as Model;
  } catch (error) {
    client.end(error as RelpropError);
    throw error;
  }
}

interface Pending {
  settle: (answer: Exclude<Answer, { ready: true } | { progress: unknown }>) => void;
  reject: (error: RelpropError) => void;
  /** Ends the call here and there. */
  leave: (error: unknown) => void;
  onProgress?: Here["onProgress"];
}

function connect(worker: WorkerLike, release: () => void) {
  const { port1: port, port2 } = new MessageChannel();
  const pending = new Map<number, Pending>();
  let last = 0;
  let gone: RelpropError | undefined;

  const end = (error: RelpropError) => {
    if (gone) return;
    gone = error;
    clearTimeout(patience);
    for (const { reject } of pending.values()) reject(error);
    pending.clear();
    for (const forget of listening) forget();
    port.close();
    release();
  };
  const crash = (why: unknown) => {
    const message = `the worker ended: ${why}; load the model again`;
    end(new RelpropError("WorkerCrashed", message, {}, why));
  };
  const listening = [
    on(worker, "error", (error) => crash(reason(error))),
    on(port, "messageerror", () => crash("a message could not be read")),
    on(port, "close", () => setTimeout(crash, 250, "it is no longer there")), // an error comes first or soon, if there is one
  ];
  const patience = setTimeout(crash, PATIENCE, `no answer in ${PATIENCE / 1000} s (does its file call serve()?)`);

  port.onmessage = ({ data }: MessageEvent<Answer>) => {
    if (typeof data !== "object" || !data) return; // not one of ours
    if ("ready" in data) return clearTimeout(patience);
    const call = pending.get(data.id);
    if (!("progress" in data)) return call?.settle(data);
    try {
      call?.onProgress?.(data.progress);
    } catch (error) {
      call?.leave(error); // the callback's own
    }
  };
  worker.postMessage({ relprop: port2 }, [port2]);

  const call = (method: string, args: readonly unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const [first, options] = args;
      const { signal, onProgress, ...rest } = (options ?? {}) as Pick<Here, "signal" | "onProgress">;
      if (gone) throw gone;
      throwIfAborted(signal);
      const id = ++last;
      const drop = (error: unknown) => {
        port.postMessage({ id } satisfies Call);
        leave();
        reject(error);
      };
      const abort = () => drop(aborted(signal));
      const leave = () => {
        pending.delete(id);
        signal?.removeEventListener("abort", abort);
        keepAlive(port, pending.size > 0);
      };
      try {
        port.postMessage({ id, method, args: [first, rest], progress: Boolean(onProgress) } satisfies Call);
      } catch (cause) {
        throw new RelpropError("InvalidOption", `this cannot cross to a worker: ${cause}`, {}, cause);
      }
      signal?.addEventListener("abort", abort);
      keepAlive(port, true);
      const settle: Pending["settle"] = (answer) => {
        leave();
        if ("value" in answer) resolve(answer.value);
        else reject(unpacked(answer.error));
      };
      pending.set(id, { settle, reject, leave: drop, onProgress });
    });
  return { call, end };
}

function unpacked({ code, message, facts, cause }: Failure): Error {
  return code ? new RelpropError(code, message, facts, cause) : new Error(message, { cause });
}

type Listen = (type: string, call: (event: unknown) => void) => void;
type Target = { addEventListener?: Listen; removeEventListener?: Listen; on?: Listen; off?: Listen };

/** Listens to a web worker's events or a Node worker's; returns how to stop. */
function on(target: object, type: string, call: (event: unknown) => void): () => void {
  const it = target as Target;
  if (it.addEventListener) it.addEventListener(type, call);
  else it.on?.(type, call);
  return () => {
    if (it.removeEventListener) it.removeEventListener(type, call);
    else it.off?.(type, call);
  };
}

const reason = (error: unknown) => {
  const event = error as ErrorEvent;
  event.preventDefault?.(); // Deno would end the process
  return event.message || event.error || "its file could not be loaded (bundlers: give load() a Worker of your own)";
};

/** Whether a process waits for a worker or a port, in runtimes that let one choose. */
function keepAlive(it: object | undefined, yes: boolean): void {
  const { ref, unref } = (it ?? {}) as { ref?(): void; unref?(): void };
  (yes ? ref : unref)?.call(it);
}
