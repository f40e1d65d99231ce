// Where a model's files come from: a directory, a base URL, files picked in a browser, or buffers. Every source becomes
// the same thing, a way to open a file by name and read ranges of it.

import { aborted, quote, RelpropError, throwIfAborted } from "./errors.ts";
import type { Bytes } from "./safetensors.ts";

/**
 * A directory's path or `file:` URL (Node, Deno, Bun), a base URL, files picked in a browser, or contents by file name.
 */
export type Source = string | URL | Iterable<File> | Readonly<Record<string, Contents>>;
export type Contents = string | ArrayBuffer | ArrayBufferView | Blob;

export interface Progress {
  file: string;
  /** Bytes so far, and of the whole file where the server says. */
  loaded: number;
  total?: number;
}

export interface ReadOptions {
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
}

export interface Files {
  /** A name for the model: the last part of its path or URL. */
  readonly name: string;
  /** Opens a file; undefined if the source does not have it. */
  open(file: string): Promise<Bytes | undefined>;
  close(): Promise<void>;
}

export async function files(source: Source, options: ReadOptions = {}): Promise<Files> {
  if (typeof source === "string") {
    const isUrl = /^[a-z][a-z0-9+.-]*:\/\//i.test(source) || (!fileSystem() && typeof location !== "undefined");
    return isUrl ? files(new URL(source, globalThis.location?.href), options) : directory(source, options);
  }
  if (source instanceof URL) {
    return source.protocol === "file:"
      ? directory(decodeURIComponent(source.pathname), options)
      : remote(source, options);
  }
  if (typeof source !== "object" || source === null) {
    const message = "a model is loaded from a directory, a base URL, a list of files or a record of buffers";
    throw new RelpropError("InvalidInput", `${message}, not from ${quote(source)}`);
  }
  return given(Symbol.iterator in source ? picked(source as Iterable<File>) : Object.entries(source), options);
}

const lastPart = (path: string) =>
  path
    .split(/[\\/]+/)
    .filter(Boolean)
    .pop() ?? "model";

// ---- buffers and picked files

function* picked(list: Iterable<File>): Generator<[string, Contents]> {
  for (const file of list) yield [file.name, file];
}

function given(entries: Iterable<[string, Contents]>, { onProgress }: ReadOptions): Files {
  const found = new Map<string, Blob>();
  for (const [path, contents] of entries) {
    const name = lastPart(path);
    if (found.has(name)) throw new RelpropError("InvalidInput", `two of the given files are called ${quote(name)}`);
    found.set(name, contents instanceof Blob ? contents : new Blob([contents as BlobPart]));
  }
  return {
    name: "model",
    async open(file) {
      const blob = found.get(file);
      return blob && fromBlob(blob, file, onProgress);
    },
    async close() {},
  };
}

function fromBlob(blob: Blob, file: string, onProgress: ReadOptions["onProgress"]): Bytes {
  let loaded = 0;
  return {
    size: blob.size,
    async read(start, end, signal) {
      throwIfAborted(signal);
      const bytes = new Uint8Array(await blob.slice(start, end).arrayBuffer());
      throwIfAborted(signal);
      loaded += bytes.length;
      onProgress?.({ file, loaded, total: blob.size });
      return bytes;
    },
  };
}

// ---- a directory

type FileSystem = typeof import("node:fs/promises");

/** Node's file system where there is one (Node, Deno, Bun), without an import that bundlers would follow. */
const fileSystem = (): FileSystem | undefined => globalThis.process?.getBuiltinModule?.("node:fs/promises");

const CHUNK = 2 ** 26; // bytes a read; between two, an abort is seen

async function directory(path: string, { onProgress }: ReadOptions): Promise<Files> {
  const fs = fileSystem();
  if (!fs) throw new RelpropError("InvalidInput", `this runtime has no file system to read ${quote(path)} from`);
  const root = await fs.realpath(path).catch((cause) => {
    throw new RelpropError("MissingFile", `there is no directory ${quote(path)}`, { path }, cause);
  });
  const handles: Awaited<ReturnType<FileSystem["open"]>>[] = [];

  const open = async (file: string): Promise<Bytes | undefined> => {
    const real = await fs.realpath(`${root}/${file}`).catch(() => undefined);
    if (real === undefined) return undefined;
    // Hugging Face's cache links a snapshot's files to its blobs; any other way out is not followed.
    const blobs = `${root.replace(/[\\/]snapshots[\\/][^\\/]+$/, "")}/blobs`;
    if (!inside(real, root) && !inside(real, blobs)) {
      throw new RelpropError("UnsafePath", `${quote(file)} is a link out of the model's directory`, { file });
    }
    const handle = await fs.open(real);
    handles.push(handle);
    const { size } = await handle.stat();
    let loaded = 0;
    return {
      size,
      async read(start, end, signal) {
        const bytes = new Uint8Array(end - start);
        for (let at = 0; at < bytes.length; ) {
          throwIfAborted(signal);
          const { bytesRead } = await handle.read(bytes, at, Math.min(CHUNK, bytes.length - at), start + at);
          if (!bytesRead)
            throw new RelpropError("Truncated", `${quote(file)} became shorter while it was read`, { file });
          at += bytesRead;
          loaded += bytesRead;
          onProgress?.({ file, loaded, total: size });
        }
        return bytes;
      },
    };
  };
  const close = async () => {
    await Promise.all(handles.splice(0).map((handle) => handle.close()));
  };
  return { name: lastPart(root), open, close };
}

const inside = (path: string, folder: string) => path.startsWith(`${folder}/`) || path.startsWith(`${folder}\\`);

// ---- a base URL

function remote(base: URL, { signal, onProgress }: ReadOptions): Files {
  checkOrigin(base);
  const folder = new URL(base);
  if (!folder.pathname.endsWith("/")) folder.pathname += "/";
  const open = async (file: string): Promise<Bytes | undefined> => {
    const url = new URL(file, folder);
    if (url.origin !== folder.origin || !url.pathname.startsWith(folder.pathname)) {
      throw new RelpropError("UnsafePath", `${quote(file)} leads out of the model's base URL`, { file });
    }
    const body = await download(url, file, { signal, onProgress });
    return body && fromBlob(body, file, undefined);
  };
  return { name: lastPart(folder.pathname), open, async close() {} };
}

/** https, and http only to this machine or the page's own origin: weights decide what users are told. */
function checkOrigin(url: URL): void {
  const local = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  const own = url.origin === globalThis.location?.origin;
  if (url.protocol === "https:" || (url.protocol === "http:" && (local || own))) return;
  const message = `models are fetched by https, or by http from this machine or the page's own origin, not from`;
  throw new RelpropError("OriginDenied", `${message} ${quote(url.origin === "null" ? url.protocol : url.origin)}`);
}

async function download(url: URL, file: string, { signal, onProgress }: ReadOptions): Promise<Blob | undefined> {
  throwIfAborted(signal);
  try {
    const response = await fetch(url, { signal });
    if (response.status === 404) {
      await response.body?.cancel();
      return undefined;
    }
    if (response.status !== 200) {
      await response.body?.cancel();
      const message = `the server answered ${response.status} for ${url.href}`;
      throw new RelpropError("FetchStatus", message, { status: response.status, url: url.href });
    }
    if (/^text\/html/i.test(response.headers.get("content-type") ?? "")) {
      await response.body?.cancel();
      const message = `the server answered ${url.href} with an HTML page; is this the model's own folder?`;
      throw new RelpropError("FetchContentType", message, { url: url.href });
    }
    const encoded = response.headers.has("content-encoding");
    const total = encoded ? undefined : Number(response.headers.get("content-length")) || undefined;
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    let loaded = 0;
    for (const reader = response.body!.getReader(); ; ) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(value);
      loaded += value.length;
      onProgress?.({ file, loaded, total });
    }
    if (total !== undefined && loaded !== total) {
      const message = `${url.href} ended after ${loaded} of ${total} bytes; try again`;
      throw new RelpropError("FetchTruncated", message, { url: url.href, loaded, total });
    }
    return new Blob(chunks);
  } catch (cause) {
    if (signal?.aborted) throw aborted(signal);
    if (cause instanceof RelpropError) throw cause;
    throw new RelpropError("FetchFailed", `${url.href} could not be fetched: ${cause}`, { url: url.href }, cause);
  }
}
