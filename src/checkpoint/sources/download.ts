// One file as a whole, where there is no use or no trust in ranges.

import { type Bytes, headerEnd, sizeByHeader } from "../safetensors.ts";
import { fromBlob } from "./contents.ts";
import type { Count } from "./progress.ts";
import { delay, failure, passing, pause, request, type Web } from "./request.ts";
import { accept, drop, encoded, problem, truncated } from "./response.ts";
import { fileSystem } from "./system.ts";

const PIECE = 2 ** 23; // bytes gathered before they go into a Blob, which browsers may keep on disk
const MOST_PIECES = 256; // gathered, however small they are
const MOST = 2 ** 26; // bytes of a file other than weights
const MOST_WEIGHTS = 2 ** 32; // bytes of weights that are held as a whole
const MOST_UNKNOWN = 2 ** 24; // bytes of weights, if their first bytes do not give their size

/** `response` is an answer that has come already. */
export async function download(
  url: URL,
  file: string,
  web: Web,
  count: Count,
  response?: Response,
): Promise<Bytes | undefined> {
  for (let attempt = 0; ; attempt++) {
    const answer = response ?? (await accept(await request(url, {}, web), url));
    response = undefined;
    if (!answer) return undefined;
    try {
      return fromBlob(await whole(answer, url, file, web, count), file);
    } catch (cause) {
      const broken = failure(url, cause, web.signal);
      const wait = delay(attempt);
      if (wait === undefined || !passing(broken)) throw broken;
      await pause(wait, web.signal);
    }
  }
}

/** The body, read up to the limit of such a file's size. */
async function whole(response: Response, url: URL, file: string, web: Web, count: Count): Promise<Blob> {
  if (response.status !== 200) {
    await drop(response);
    throw problem("FetchStatus", url, `returned status ${response.status} for the whole file`, {
      status: response.status,
    });
  }
  // Another origin may compress without letting a page see it; then the length is not that of what arrives.
  const opaque = encoded(response) || (!fileSystem() && response.type === "cors");
  const total = opaque ? undefined : Number(response.headers.get("content-length") ?? Number.NaN);
  const most = file.endsWith(".safetensors") ? weightsLimit(url) : none;

  const done: Blob[] = [];
  let piece: Uint8Array<ArrayBuffer>[] = [];
  let held = 0;
  let loaded = 0;
  for (const reader = response.body?.getReader(); reader; ) {
    const { done: end, value } = await web.patience.wait(url, reader.read());
    if (end) break;
    web.patience.came(url, value.length);
    loaded += value.length;
    held += value.length;
    piece.push(value);
    if (held >= PIECE || piece.length >= MOST_PIECES) {
      done.push(new Blob(piece));
      piece = [];
      held = 0;
    }
    count(file, value.length, total || undefined);
    if (loaded <= most(value)) continue;
    reader.cancel().catch(() => {});
    if (most === none) throw problem("LimitExceeded", url, `has more than ${MOST} bytes`, { file, most: MOST });
    return new Blob([...done, ...piece]); // readHeader says what is wrong with it
  }
  if (total !== undefined && loaded < total) throw truncated(url, loaded, total);
  return new Blob([...done, ...piece]);
}

const none = () => MOST;

/** The most bytes that weights may have, by those that have come: the size that their header gives. */
function weightsLimit(url: URL): (more: Uint8Array) => number {
  let start = new Uint8Array(2 ** 12);
  let length = 0;
  let end = 8; // of the header, once its length is here
  let size: number | undefined;
  return (more) => {
    if (size !== undefined) return size;
    if (length + more.length > start.length) {
      const longer = new Uint8Array(2 * (length + more.length));
      longer.set(start);
      start = longer;
    }
    start.set(more, length);
    length += more.length;
    if (end === 8 && length >= 8) end = headerEnd(start);
    if (end !== Infinity && length < end) return Infinity;
    size = sizeByHeader(start.subarray(0, end)) ?? MOST_UNKNOWN;
    if (size <= MOST_WEIGHTS) return size;
    const message = `has ${size} bytes by its header; from a server without ranges at most ${MOST_WEIGHTS} are read`;
    throw problem("LimitExceeded", url, message, { size, most: MOST_WEIGHTS });
  };
}
