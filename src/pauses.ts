// Long work in slices: between two of them the event loop runs, so that a page is painted and an abort is seen.

import { aborted, throwIfAborted } from "./errors.ts";

const SLICE = 50; // milliseconds

/** What to await between two pieces of work: nothing until a slice is over. Rejects with `Aborted`. */
export function pauses(signal: AbortSignal | undefined): () => Promise<void> | undefined {
  let until = performance.now() + SLICE;
  return () => {
    if (performance.now() < until) return undefined;
    return turn().then(() => {
      throwIfAborted(signal);
      until = performance.now() + SLICE;
    });
  };
}

/** One turn of the event loop. By a message, because browsers delay the timers of hidden pages by seconds. */
export function turn(): Promise<void> {
  if (typeof MessageChannel === "undefined") return new Promise((resolve) => setTimeout(resolve));
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}

/** The same, rejected with `Aborted` as soon as the signal says so, whatever is still done for it. */
export function abortable<T>(doing: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return doing;
  return new Promise((resolve, reject) => {
    const abort = () => reject(aborted(signal));
    signal.addEventListener("abort", abort);
    const leave = () => signal.removeEventListener("abort", abort);
    doing.then(resolve, reject).then(leave);
    if (signal.aborted) abort();
  });
}
