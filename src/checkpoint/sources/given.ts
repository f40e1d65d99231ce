// Buffers by file name, and files picked or dropped in a browser.

import { quote, RelpropError } from "../../errors.ts";
import type { Blob, File } from "../../options/globals.ts";
import type { Files } from "../files.ts";
import { fromBlob, fromBytes, lastPart, parts } from "./contents.ts";
import type { Count } from "./progress.ts";

/** A file's content: a text (UTF-8), bytes, or a Blob. */
export type Contents = string | ArrayBuffer | ArrayBufferView | Blob;

/** What makes a folder a model; modules.json lists folders of its own, each with a config.json. */
export const MARKS = ["config.json", "modules.json"];

/** The files in the folder of config.json or modules.json; other files are ignored. */
export function given(source: Iterable<File> | Readonly<Record<string, Contents>>, count: Count): Files {
  const entries = Symbol.iterator in source ? listed(source as Iterable<File>) : Object.entries(source);
  const found = new Map<string, Contents>();
  for (const [path, contents] of entries) {
    const name = parts(path).join("/");
    if (found.has(name)) throw new RelpropError("InvalidInput", `two files have the name ${quote(name)}`);
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
      return isBlob(contents) ? fromBlob(contents, file, count) : fromBytes(bytesOf(contents), file, count);
    },
    async close() {},
  };
}

/** Files of a list by their paths. */
export function* listed(list: Iterable<File>): Generator<[string, Contents]> {
  if (typeof list[Symbol.iterator] !== "function") throw invalid("this list is not of files");
  for (const file of list) {
    if (typeof file?.name !== "string")
      throw invalid(`${quote(file)} is not a File, which each element of a list must be`);
    yield [file.webkitRelativePath || file.name, file];
  }
}

const invalid = (message: string) => new RelpropError("InvalidInput", message);

const isContents = (given: unknown): given is Contents =>
  typeof given === "string" ||
  ArrayBuffer.isView(given) ||
  /^\[object ((Shared)?ArrayBuffer|Blob|File)\]$/.test(Object.prototype.toString.call(given));

const isBlob = (contents: Contents): contents is Blob => typeof contents === "object" && "arrayBuffer" in contents;

function bytesOf(contents: Exclude<Contents, Blob>): Uint8Array {
  if (typeof contents === "string") return new TextEncoder().encode(contents);
  if (!ArrayBuffer.isView(contents)) return new Uint8Array(contents);
  return new Uint8Array(contents.buffer, contents.byteOffset, contents.byteLength);
}

/** The one folder of a model among several: the one nearest to the top, for models keep parts in folders of their own. */
export function nearest(folders: readonly (readonly string[])[]): readonly string[] {
  const [first = [], second] = [...folders].sort((a, b) => a.length - b.length);
  if (second?.length !== first.length) return first;
  const names = [first, second].map((folder) => quote(folder.join("/"))).join(" and ");
  throw new RelpropError("InvalidInput", `the files are of several models, in ${names}: pass one of them`);
}
