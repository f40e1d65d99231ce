// A worker from outside: calls cross with their arguments, and what comes of them, errors, progress and aborts.

import { aborted, RelpropError, throwIfAborted } from "../../errors.ts";
import type { LocalOptions } from "../options.ts";
import { type Early, on, reason } from "./events.ts";
import type { Answer, Call, Failure } from "./serve.ts";
import type { WorkerLike } from "./spawn.ts";

const PATIENCE = 60_000; // milliseconds until a worker's first answer

/** A worker that answers, until it has ended. */
export interface Connection {
  call(method: string, args: readonly unknown[]): Promise<unknown>;
  end(error: RelpropError): void;
  /** Why it has ended. */
  readonly gone?: RelpropError;
}

interface Pending {
  settle: (answer: Exclude<Answer, { ready: true } | { progress: unknown }>) => void;
  reject: (error: RelpropError) => void;
  /** Ends the call here and there. */
  leave: (error: unknown) => void;
  onProgress?: LocalOptions["onProgress"];
}

/** Connects to a worker; `release` is called once the connection has ended. `before` are its errors so far. */
export function connect(worker: WorkerLike, release: () => void, before?: Early): Connection {
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
  const crash = (why: unknown) => end(new RelpropError("WorkerCrashed", `the worker ended: ${why}`, {}, why));
  const deaf = on(worker, "error", (error) => crash(reason(error)));
  const listening = [
    on(port, "messageerror", () => crash("a message could not be read")),
    on(port, "close", () => crash("it has ended")),
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
  before?.stop();
  if (before?.reasons.length) crash(before.reasons[0]);

  const call = (method: string, args: readonly unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const [first, options] = args;
      const { signal, onProgress, ...rest } = (options ?? {}) as Pick<LocalOptions, "signal" | "onProgress">;
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
        throw new RelpropError("InvalidOption", `this cannot be sent to a worker: ${cause}`, {}, cause);
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
  return {
    call,
    end(error) {
      if (!gone) deaf(); // else it has crashed, and its error may come last: Deno ends a process that does not take it
      end(error);
    },
    get gone() {
      return gone;
    },
  };
}

function unpacked({ code, message, facts, cause }: Failure): Error {
  return code ? new RelpropError(code, message, facts, cause) : new Error(message, { cause });
}

/** Whether a process waits for a worker or a port, in runtimes that let one choose. */
export function keepAlive(it: object | undefined, yes: boolean): void {
  const { ref, unref } = (it ?? {}) as { ref?(): void; unref?(): void };
  (yes ? ref : unref)?.call(it);
}
