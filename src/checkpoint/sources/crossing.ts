// A source on its way to a worker.

import { isFolder, isHub, type Source, url } from "../sources.ts";
import { fileSystem } from "./system.ts";

/** A source as it can be sent to a worker: without iterators, relative URLs and what else only this thread knows. */
export async function crossing(source: Source): Promise<Source> {
  if (source instanceof URL) return source.href;
  if (typeof source === "string") {
    return !fileSystem() && globalThis.location ? url(source).href : source;
  }
  if (typeof source !== "object" || source === null || isFolder(source)) return source;
  if (isHub(source)) return { ...source, ...(source.endpoint && { endpoint: String(source.endpoint) }) };
  if (!(Symbol.iterator in source)) return source;
  const { given, listed } = await import("./given.ts");
  const list = [...(source as Iterable<File>)];
  given(list, () => {}); // refuses two files of one name
  return Object.fromEntries(listed(list));
}
