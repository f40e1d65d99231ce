// A text that goes on, as tokens to loop over: over generate(), so that it is the same in a worker.

import type { GeneratedToken, Generation } from "./generation.ts";
import type { GenerateOptions } from "./options.ts";

type Generate = (options: GenerateOptions) => Promise<Generation>;

/** The tokens as they come; at last the generation is returned. Who leaves the loop ends the work. */
export async function* stream(
  generate: Generate,
  options: GenerateOptions,
): AsyncGenerator<GeneratedToken, Generation, void> {
  const { signal, onProgress } = options;
  const left = new AbortController();
  const abort = () => left.abort(signal?.reason);
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort);
  const waiting: GeneratedToken[] = [];
  let wake = () => {};
  let ended = false;
  const running = generate({
    ...options,
    signal: left.signal,
    onProgress(token) {
      onProgress?.(token);
      waiting.push(token);
      wake();
    },
  });
  const end = () => {
    ended = true;
    wake();
  };
  running.then(end, end);
  try {
    while (true) {
      for (let token = waiting.shift(); token; token = waiting.shift()) yield token;
      if (ended) return await running;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    signal?.removeEventListener("abort", abort);
    left.abort();
    await running.catch(() => {}); // what it held is free when the loop has ended
  }
}
