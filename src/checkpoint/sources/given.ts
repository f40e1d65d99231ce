// Buffers by file name, and files picked or dropped in a browser.

import { quote, RelpropError, throwIfAborted } from "../../errors.ts";
import type { Files } from "../files.ts";
import type { Bytes } from "../safetensors.ts";
import type { Count } from "./progress.ts";

export type Contents = string | ArrayBuffer | ArrayBufferView | Blob;

/** What makes a folder a model; modules.json lists folders of its own, each with a config.json. */
export const MARKS = ["config.json", "modules.json"];

/** The files beside config.json or modules.json, out of whatever else came with them. */
export function given(entries: Iterable<[path: string, contents: Contents]>, count: Count): Files {
  const found = new Map<string, Contents>();
  for (const [path, contents] of entries) {
    const name = parts(path).join("/");
    if (found.has(name)) throw new RelpropError("InvalidInput", `two of the given files are called ${quote(name)}`);
    if (!isContents(contents)) {
      throw new RelpropError("InvalidInput", `${quote(name)} is ${quote(contents)}, not a text, a buffer or a Blob`);
    }
    found.set(name, contents);
  }
  const marked = [...found.keys()].filter((path) => MARKS.includes(lastPart(path)));
  const folder = nearest([...new Set(marked.map((path) => parts(path, -1).join("/")))].map((path) => parts(path)));
  return {
    name: folder.at(-1) ?? "model",
    async open(file) {
      const contents = found.get([...folder, file].join("/"));
      if (contents === undefined) return undefined;
      return fromBlob(contents instanceof Blob ? contents : new Blob([contents as BlobPart]), file, count);
    },
    async close() {},
  };
}

const isContents = (given: unknown): given is Contents =>
  typeof given === "string" ||
  ArrayBuffer.isView(given) ||
  /^\[object ((Shared)?ArrayBuffer|Blob|File)\]$/.test(Object.prototype.toString.call(given));

/** The one folder of a model among several: the one nearest to the top, for models keep parts in folders of their own. */
export function nearest(folders: readonly (readonly string[])[]): readonly string[] {
  const [first = [], second] = [...folders].sort((a, b) => a.length - b.length);
  if (second?.length !== first.length) return first;
  const names = [first, second].map((folder) => quote(folder.join("/"))).join(" and ");
  throw new RelpropError("InvalidInput", `there are several models here, in ${names}: give one of them`);
}

export const parts = (path: string, end?: number): string[] =>
  path
    .split(/[\\/]+/)
    .filter(Boolean)
    .slice(0, end);

export const lastPart = (path: string): string => parts(path).pop() ?? "model";

export function fromBlob(blob: Blob, file: string, count?: Count): Bytes {
  return {
    size: blob.size,
    async read(start, end, signal) {
      throwIfAborted(signal);
      const buffer = await blob.slice(start, end).arrayBuffer();
      throwIfAborted(signal);
      count?.(file, buffer.byteLength, blob.size);
      return new Uint8Array(buffer);
    },
  };
}

export const fromBytes = (bytes: Uint8Array<ArrayBuffer>): Bytes => ({
  size: bytes.length,
  read: async (start, end) => bytes.slice(start, end),
});
