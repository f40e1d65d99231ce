// One file on a server that answers ranges: a stream that goes on where the last read ended, so that reading a file's
// tensors in their order takes one request. A stream that breaks off is taken up again at the byte where it broke.

import { RelpropError, throwIfAborted } from "../errors.ts";
import type { Bytes } from "../safetensors.ts";
import type { Count } from "./progress.ts";
import { delay, failure, pause, request, type Web } from "./request.ts";
import { accept, encoded, rangeOf, tagOf } from "./response.ts";

const GAP = 2 ** 20; // bytes read and dropped rather than asked for anew

interface Stream {
  /** Where in the file `rest`, and then the reader, goes on. */
  at: number;
  rest: Uint8Array;
  reader: ReadableStreamDefaultReader<Uint8Array>;
}

export class Ranged implements Bytes {
  readonly size: number;
  readonly #url: URL;
  readonly #file: string;
  readonly #tag: string;
  readonly #web: Web;
  readonly #count: Count;
  #stream: Stream | undefined;

  /** A file of `size` bytes, which `response` brings the first of. */
  constructor(url: URL, file: string, size: number, response: Response, web: Web, count: Count) {
    this.size = size;
    this.#url = url;
    this.#file = file;
    this.#tag = tagOf(response)!;
    this.#web = web;
    this.#count = count;
    this.#stream = stream(response, 0);
  }

  async read(start: number, end: number, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(end - start);
    for (let at = start; at < end; ) {
      throwIfAborted(signal);
      const stream = await this.#at(at);
      const part = stream.rest.subarray(0, end - at);
      bytes.set(part, at - start);
      at += part.length;
      skip(stream, part.length);
    }
    return bytes;
  }

  /** The stream, with at least the byte at `at` in its `rest`. */
  async #at(at: number): Promise<Stream> {
    for (let attempt = 0; ; attempt++) {
      const near = this.#stream && at >= this.#stream.at && at <= this.#stream.at + GAP;
      if (!near) this.#stream = await this.#open(at);
      const stream = this.#stream!;
      let broken: RelpropError;
      try {
        if (await this.#fill(stream, at)) return stream;
        const message = `${this.#url.href} ended after ${stream.at} of ${this.size} bytes`;
        broken = new RelpropError("FetchTruncated", message, {
          url: this.#url.href,
          loaded: stream.at,
          total: this.size,
        });
      } catch (cause) {
        broken = failure(this.#url, cause, this.#web.signal);
      }
      this.#stream = undefined;
      const wait = attempt ? delay(attempt - 1) : 0; // the first break is taken up at once
      if (wait === undefined || broken.code === "Aborted") throw broken;
      await pause(wait, this.#web.signal);
    }
  }

  async #fill(stream: Stream, at: number): Promise<boolean> {
    for (;;) {
      skip(stream, Math.min(at - stream.at, stream.rest.length));
      if (stream.rest.length) return true;
      const { done, value } = await stream.reader.read();
      if (done) return false;
      stream.rest = value.subarray(0, this.size - stream.at); // whatever comes after the end is not the file's
      this.#count(this.#file, stream.rest.length, this.size);
    }
  }

  async #open(at: number): Promise<Stream> {
    const { href, origin } = this.#url;
    const headers: Record<string, string> = { range: `bytes=${at}-${this.size - 1}`, "accept-encoding": "identity" };
    // Another origin would be asked first whether If-Range may be sent; what it answers is compared all the same.
    if (!globalThis.location || origin === location.origin) headers["if-range"] = this.#tag;
    this.#stream?.reader.cancel().catch(() => {});
    this.#web.leave?.();
    const response = await request(this.#url, headers, this.#web);
    const range = rangeOf(response);
    const whole = response.status === 200 && !encoded(response) && !response.headers.has("content-range");
    if (!(await accept(response, this.#url)) || response.status === 416 || tagOf(response) !== this.#tag) {
      await response.body?.cancel();
      throw new RelpropError("FetchChanged", `${href} changed while it was read; load it again`, { url: href });
    }
    if (!whole && (range?.start !== at || range.size !== this.size)) {
      await response.body?.cancel();
      const got = response.headers.get("content-range");
      const message = `the server answered "${got}" where bytes ${at} to ${this.size} of ${href} were asked for`;
      throw new RelpropError("FetchRange", message, { url: href });
    }
    const opened = stream(response, whole ? 0 : at); // a server that has no ranges any more begins anew
    // One long answer at a time: browsers have few connections, and answers that wait would keep others waiting.
    this.#web.leave = () => void opened.reader.cancel().catch(() => {});
    return opened;
  }
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
