// A directory, in runtimes with Node's file system: Node, Deno, Bun. Pages do without this file.

import { quote, RelpropError, throwIfAborted } from "../../errors.ts";
import type { URL } from "../../options/globals.ts";
import type { Files } from "../files.ts";
import type { Bytes } from "../safetensors.ts";
import { lastPart } from "./contents.ts";
import type { Count } from "./progress.ts";
import { type FileSystem, fileSystem } from "./system.ts";

const CHUNK = 2 ** 26; // bytes a read; between two, an abort is seen

/** The files of a directory, by its path or `file:` URL. */
export async function directory(at: string | URL, count: Count): Promise<Files> {
  const path = typeof at === "string" ? at : pathOf(at);
  const fs = fileSystem();
  if (!fs) throw new RelpropError("InvalidInput", `this runtime has no file system to read ${quote(path)} from`);
  const root = await fs.realpath(path).catch((cause) => {
    const isAbsent = /^(ENOENT|ENOTDIR)$/.test(cause?.code) || cause?.name === "NotFound";
    // Deno's error names the flag that allows it.
    const message = isAbsent
      ? `there is no directory ${quote(path)}`
      : `${quote(path)} cannot be read: ${cause?.message}`;
    throw new RelpropError("MissingFile", message, { path }, cause);
  });
  const handles: Awaited<ReturnType<FileSystem["open"]>>[] = [];

  const open = async (file: string): Promise<Bytes | undefined> => {
    const real = await fs.realpath(`${root}/${file}`).catch((cause) => {
      if (/^(ENOENT|ENOTDIR)$/.test(cause?.code)) return undefined;
      throw cause; // it may be there
    });
    if (real === undefined) return undefined;
    // Hugging Face's cache links a snapshot's files to its blobs; any other way out is not followed.
    const blobs = `${root.replace(/[\\/]snapshots[\\/][^\\/]+$/, "")}/blobs`;
    if (!inside(real, root) && !inside(real, blobs)) {
      throw new RelpropError("UnsafePath", `${quote(file)} is a link out of the model's directory`, { file });
    }
    const handle = await fs.open(real);
    handles.push(handle);
    const { size } = await handle.stat();
    return {
      size,
      async read(start, end, signal, into) {
        const bytes = into?.subarray(0, end - start) ?? new Uint8Array(end - start);
        for (let at = 0; at < bytes.length; ) {
          throwIfAborted(signal);
          const { bytesRead } = await handle.read(bytes, at, Math.min(CHUNK, bytes.length - at), start + at);
          if (!bytesRead)
            throw new RelpropError("Truncated", `${quote(file)} became shorter while it was read`, { file });
          at += bytesRead;
          count(file, bytesRead, size);
        }
        return bytes;
      },
    };
  };
  const close = async () => {
    await Promise.allSettled(handles.splice(0).map((handle) => handle.close())); // nothing was written
  };
  return { name: lastPart(root), open, close };
}

function pathOf({ pathname, href }: URL): string {
  try {
    return decodeURIComponent(pathname);
  } catch (cause) {
    throw new RelpropError("InvalidInput", `${quote(href)} is not a file's URL`, {}, cause);
  }
}

const inside = (path: string, folder: string) => path.startsWith(`${folder}/`) || path.startsWith(`${folder}\\`);
