import { createReadStream } from "node:fs";

/** Bytes of a file that a command line names: 64 MiB. */
const MOST = 2 ** 26;

/** A file of the user's as a whole. Rejects if it has more than `most` bytes: a device may have no end. */
export const contents = (path: string, most = MOST): Promise<Uint8Array> =>
  whole(createReadStream(path, { highWaterMark: 2 ** 20 }), most);

/** All bytes of a stream, such as standard input. */
export async function whole(stream: AsyncIterable<Uint8Array>, most = MOST): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of stream) {
    size += part.length;
    if (size > most) throw new Error(`it has more than ${most} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}
