// How long a load waits for a server: an answer that stops, or trickles, is an error, not a load that never ends.

import { aborted } from "../../errors.ts";
import { problem } from "./response.ts";

const DEFAULT = 30_000; // milliseconds
const LEAST = 1000; // bytes a second, over as many milliseconds of waiting
const MOST_TIMER = 2 ** 31 - 1; // the longest that setTimeout waits
const FREE = 128; // requests for a file, in addition to one for each 64 kB of it
const EACH = 2 ** 16;

export interface Patience {
  /** Waits for an answer's head or the next bytes of its body. Throws `FetchStalled` and `Aborted`. */
  wait<T>(url: URL, coming: Promise<T>): Promise<T>;
  /** Counts bytes of a file that came. */
  came(url: URL, bytes: number): void;
  /** Counts a request for a file. Throws `LimitExceeded` if its answers bring too little each. */
  asked(url: URL): void;
}

export function patience(ms: number = DEFAULT, signal: AbortSignal): Patience {
  const files = new Map<string, { requests: number; bytes: number; waited: number; since: number }>();
  const of = ({ href }: URL) => {
    const found = files.get(href) ?? { requests: 0, bytes: 0, waited: 0, since: 0 };
    files.set(href, found);
    return found;
  };
  const stalled = (url: URL, bytes: number) =>
    problem("FetchStalled", url, `sent ${bytes} bytes in ${ms / 1000} s; try again, or raise stallTimeout`, { bytes });

  return {
    async wait(url, coming) {
      Promise.resolve(coming).catch(() => {}); // may fail when nobody waits for it any more
      const file = of(url);
      if (file.waited >= ms) {
        const slow = file.since * 1000 < LEAST * file.waited;
        if (slow) throw stalled(url, file.since);
        file.waited = 0;
        file.since = 0;
      }
      const begun = performance.now();
      let end = () => {};
      const ended = new Promise<never>((_, reject) => {
        const timer = ms < MOST_TIMER ? setTimeout(() => reject(stalled(url, 0)), ms) : undefined;
        const abort = () => reject(aborted(signal));
        if (signal.aborted) abort();
        signal.addEventListener("abort", abort);
        end = () => {
          clearTimeout(timer);
          signal.removeEventListener("abort", abort);
        };
      });
      try {
        return await Promise.race([coming, ended]);
      } finally {
        end();
        file.waited += performance.now() - begun;
      }
    },
    came(url, bytes) {
      const file = of(url);
      file.bytes += bytes;
      file.since += bytes;
    },
    asked(url) {
      const file = of(url);
      file.requests++;
      if (file.requests <= FREE + file.bytes / EACH) return;
      const message = `needed ${file.requests} requests for its first ${file.bytes} bytes`;
      throw problem("LimitExceeded", url, message, { requests: file.requests, bytes: file.bytes });
    },
  };
}
