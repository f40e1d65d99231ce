// One file on a server that answers ranges: a stream that goes on where the last read ended, so that reading a file's
// tensors in their order takes one request. A stream that breaks off is taken up again at the byte where it broke.

import { type RelpropError, throwIfAborted } from "../../errors.ts";
import type { Bytes } from "../safetensors.ts";
import type { Count } from "./progress.ts";
import { delay, failure, IDENTITY, passing, pause, request, type Web } from "./request.ts";
import { accept, changed, drop, isWhole, problem, rangeOf, tagOf, truncated } from "./response.ts";
import { fileSystem } from "./system.ts";

const GAP = 2 ** 20; // bytes to read and drop rather than start a new request

interface Stream {
  /** Where in the file `rest`, and then the reader, goes on. */
  at: number;
  rest: Uint8Array;
  reader: ReadableStreamDefaultReader<Uint8Array>;
}

/** A file of `size` bytes, of which `response` brings the first. Reads must come one after the other. */
export function ranged(url: URL, file: string, size: number, response: Response, web: Web, count: Count): Bytes {
  const tag = tagOf(response)!;
  let current: Stream | undefined = stream(response, 0);

  /** Bytes from `at` on, at least one. */
  async function next(at: number): Promise<Stream> {
    for (let attempt = 0; ; attempt++) {
      if (!current || at < current.at || at > current.at + GAP) current = await open(at);
      let broken: RelpropError;
      try {
        if (await fill(current, at)) return current;
        broken = truncated(url, current.at, size);
      } catch (cause) {
        broken = failure(url, cause, web.signal);
      }
      current = undefined;
      const wait = attempt ? delay(attempt - 1) : 0; // the first break is taken up at once
      if (wait === undefined || !passing(broken)) throw broken;
      await pause(wait, web.signal);
    }
  }

  async function fill(stream: Stream, at: number): Promise<boolean> {
    for (;;) {
      skip(stream, Math.min(at - stream.at, stream.rest.length));
      if (stream.rest.length) return true;
      const { done, value } = await web.patience.wait(url, stream.reader.read());
      if (done) return false;
      stream.rest = value.subarray(0, size - stream.at); // whatever comes after the end is not the file's
      web.patience.came(url, stream.rest.length);
      count(file, stream.rest.length, size);
    }
  }

  async function open(at: number): Promise<Stream> {
    const headers: Record<string, string> = { ...IDENTITY, range: `bytes=${at}-${size - 1}` };
    // Browsers bypass their HTTP cache for If-Range, and ask other origins first whether it may be sent. What is
    // answered is compared all the same.
    if (fileSystem()) headers["if-range"] = tag;
    current?.reader.cancel().catch(() => {});
    web.leave?.();
    const answer = await request(url, headers, web);
    const found = await accept(answer, url);
    const range = rangeOf(answer);
    const whole = isWhole(answer);
    if (!found || answer.status === 416 || tagOf(answer) !== tag) {
      await drop(answer);
      throw changed(url);
    }
    if (!whole && (range?.start !== at || range.size !== size)) {
      await drop(answer);
      const got = answer.headers.get("content-range");
      throw problem("FetchRange", url, `returned the range "${got}" for bytes ${at} to ${size}`);
    }
    const opened = stream(answer, whole ? 0 : at); // a server without ranges starts from the beginning
    // One long answer at a time: browsers have few connections, and answers that wait would keep others waiting.
    web.leave = () => void opened.reader.cancel().catch(() => {});
    return opened;
  }

  return {
    size,
    async read(start, end, signal, into) {
      const bytes = into?.subarray(0, end - start) ?? new Uint8Array(end - start);
      for (let at = start; at < end; ) {
        throwIfAborted(signal);
        const stream = await next(at);
        const part = stream.rest.subarray(0, end - at);
        bytes.set(part, at - start);
        at += part.length;
        skip(stream, part.length);
      }
      return bytes;
    },
  };
}

const stream = (response: Response, at: number): Stream => ({
  at,
  rest: new Uint8Array(),
  reader: response.body!.getReader(),
});

function skip(stream: Stream, bytes: number): void {
  stream.at += bytes;
  stream.rest = stream.rest.subarray(bytes);
}
