// Where a model's files come from. Every kind of source, one file each in sources/, becomes the same thing: a way to open a
// file by name and read ranges of it.

import { quote, RelpropError } from "../errors.ts";
import type { File, FileSystemDirectoryHandle, URL } from "../options/globals.ts";
import type { Files } from "./files.ts";
import type { ReadOptions } from "./options.ts";
import type { Bytes } from "./safetensors.ts";
import type { Contents } from "./sources/given.ts";
import type { Hub } from "./sources/hub.ts";
import { type Count, meter, type Progress } from "./sources/progress.ts";
import { remote } from "./sources/remote.ts";
import { fileSystem } from "./sources/system.ts";

export type { Contents, Hub, Progress };

/**
 * A directory's path or `file:` URL (Node, Deno, Bun), a base URL, a model on a hub, a folder or files picked in a browser,
 * or contents by file name.
 */
export type Source =
  | string
  | URL
  | Hub
  | FileSystemDirectoryHandle
  | Iterable<File>
  | Readonly<Record<string, Contents>>;

/** Asked for at once, so that a load waits for one round trip and knows early how much there is to come. */
const USUAL = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"];

export async function files(source: Source, options: ReadOptions = {}): Promise<Files> {
  let thrown: Files["thrown"];
  const count = meter((progress) => {
    if (thrown) return;
    try {
      options.onProgress?.(progress);
    } catch (error) {
      thrown = { error };
      void from.close();
    }
  });
  const readable = async <T>(reading: Promise<T>, file: string): Promise<T> => {
    const [found] = await Promise.allSettled([reading]);
    if (thrown) throw thrown.error;
    if (found.status === "fulfilled") return found.value;
    const cause = found.reason;
    if (cause instanceof RelpropError) throw cause;
    const code = cause instanceof RangeError ? "OutOfMemory" : "FetchFailed";
    throw new RelpropError(code, `${quote(file)} could not be read: ${cause}`, { file }, cause);
  };
  const expected = new Map(Object.entries(options.integrity ?? {}));
  const from = await find(source, options, count).catch((cause) => {
    if (cause instanceof RelpropError) throw cause;
    const why = quote(cause instanceof Error ? cause.message : cause);
    throw invalid(`the model's source cannot be read: ${why}`, cause); // a folder that was closed, a proxy that throws
  });
  const opened = new Map<string, Promise<Bytes | undefined>>();

  const open = (file: string) => {
    const again = opened.get(file);
    if (again) return again;
    const opening = readable(from.open(file), file).then(async (found) => {
      count(file, 0, found?.size ?? 0);
      const bytes: Bytes | undefined = found && {
        size: found.size,
        read: (start, end, signal, into) => readable(found.read(start, end, signal, into), file),
      };
      const digest = expected.get(file);
      if (digest === undefined) return bytes;
      const { verified } = await import("./sources/integrity.ts");
      return verified(bytes, file, digest, options.signal);
    });
    opened.set(file, opening);
    count(file, 0);
    opening.catch(() => {}); // thrown when the file is read
    return opening;
  };
  const close = async () => {
    await from.close(); // ends what is still on its way
    void Promise.allSettled(opened.values()).then(() => from.close()); // and what was opened meanwhile
  };
  USUAL.forEach(open);
  return {
    name: from.name,
    get cacheReason() {
      return from.cacheReason;
    },
    pages: from.pages,
    get thrown() {
      return thrown;
    },
    async checkIntegrity() {
      for (const file of expected.keys()) {
        const names = [...opened.keys()].join(", ");
        if (opened.has(file)) await opened.get(file);
        else throw new RelpropError("InvalidOption", `integrity has ${quote(file)}, this model reads only ${names}`);
      }
    },
    open,
    close,
  };
}

async function find(source: Source, options: ReadOptions, count: Count): Promise<Files> {
  if (typeof source === "string") {
    const isUrl = /^[a-z][a-z0-9+.-]*:\/\//i.test(source) || (!fileSystem() && typeof location !== "undefined");
    return isUrl ? find(url(source), options, count) : folder(source, count);
  }
  if (source instanceof URL) {
    const isFile = source.protocol === "file:";
    return isFile ? folder(source, count) : remote(source, options, count);
  }
  if (typeof source !== "object" || source === null) {
    const message = "a model is loaded from a directory, a base URL, a hub, a list of files or a record of buffers";
    throw new RelpropError("InvalidInput", `${message}, not from ${quote(source)}`);
  }
  if (isFolder(source)) return (await import("./sources/picked.ts")).picked(source, count);
  if (isHub(source)) {
    const [base, about] = (await import("./sources/hub.ts")).hub(source);
    return remote(base, options, count, about);
  }
  return (await import("./sources/given.ts")).given(source, count);
}

export const isHub = (source: object): source is Hub => "hub" in source && typeof source.hub === "string";

export const isFolder = (source: object): source is FileSystemDirectoryHandle =>
  "kind" in source && source.kind === "directory" && "getFileHandle" in source;

const folder = async (path: string | URL, count: Count): Promise<Files> =>
  (await import("./sources/directory.ts")).directory(path, count);

const invalid = (message: string, cause?: unknown) => new RelpropError("InvalidInput", message, {}, cause);

export function url(text: string): URL {
  try {
    return new URL(text, globalThis.location?.href);
  } catch (cause) {
    throw invalid(`${quote(text)} is not a URL`, cause);
  }
}
