// One file as a whole, where there is no use or no trust in ranges.

import type { Bytes } from "../safetensors.ts";
import { fromBlob } from "./given.ts";
import type { Count } from "./progress.ts";
import { delay, failure, pause, request, type Web } from "./request.ts";
import { accept, drop, encoded, problem, truncated } from "./response.ts";
import { fileSystem } from "./system.ts";

const PIECE = 2 ** 23; // bytes gathered before they go into a Blob, which browsers may keep on disk
const MOST_JSON = 2 ** 26;

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
      return fromBlob(await whole(answer, url, file, count), file);
    } catch (cause) {
      const broken = failure(url, cause, web.signal);
      const wait = delay(attempt);
      if (wait === undefined || !/^Fetch(Failed|Truncated)$/.test(broken.code)) throw broken;
      await pause(wait, web.signal);
    }
  }
}

async function whole(response: Response, url: URL, file: string, count: Count): Promise<Blob> {
  if (response.status !== 200) {
    await drop(response);
    throw problem("FetchStatus", url, `was answered with status ${response.status} as a whole`, {
      status: response.status,
    });
  }
  // Another origin may compress without letting a page see it; then the length is not that of what arrives.
  const opaque = encoded(response) || (!fileSystem() && response.type === "cors");
  const total = opaque ? undefined : Number(response.headers.get("content-length") ?? Number.NaN);
  const most = file.endsWith(".json") ? MOST_JSON : Infinity;

  const done: Blob[] = [];
  let piece: Uint8Array<ArrayBuffer>[] = [];
  let held = 0;
  let loaded = 0;
  for (const reader = response.body?.getReader(); reader; ) {
    const { done: end, value } = await reader.read();
    if (end) break;
    loaded += value.length;
    held += value.length;
    piece.push(value);
    if (held >= PIECE) {
      done.push(new Blob(piece));
      piece = [];
      held = 0;
    }
    count(file, value.length, total || undefined);
    if (loaded > most) {
      await reader.cancel();
      throw problem("LimitExceeded", url, `has more than ${most} bytes`, { file, most });
    }
  }
  if (total !== undefined && loaded < total) throw truncated(url, loaded, total);
  return new Blob([...done, ...piece]);
}
