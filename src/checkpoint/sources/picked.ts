// A folder that the user picked or dropped in a browser (File System Access), or one of the page's private file system.

import type { Files } from "../files.ts";
import { fromBlob, parts } from "./contents.ts";
import { MARKS, nearest } from "./given.ts";
import type { Count } from "./progress.ts";

const MOST_DEPTH = 4; // folders below the one picked in which a model is looked for

type Handles = AsyncIterable<FileSystemDirectoryHandle | FileSystemFileHandle>;

/** The folder picked, or the only one below it that holds a config.json or modules.json. */
export async function picked(root: FileSystemDirectoryHandle, count: Count): Promise<Files> {
  const folder = await model(root);
  return {
    name: folder.name || "model",
    async open(file) {
      const found = async () => {
        let at = folder;
        for (const name of parts(file, -1)) at = await at.getDirectoryHandle(name);
        return at.getFileHandle(parts(file).at(-1)!);
      };
      const handle = await found().catch((cause) => {
        if (cause?.name === "NotFoundError") return undefined;
        throw cause;
      });
      return handle && fromBlob(await handle.getFile(), file, count);
    },
    async close() {},
  };
}

async function model(root: FileSystemDirectoryHandle): Promise<FileSystemDirectoryHandle> {
  let level = new Map([[root.name || ".", root]]);
  for (let depth = 0; level.size && depth <= MOST_DEPTH; depth++) {
    const models = new Map<string, FileSystemDirectoryHandle>();
    const below: typeof level = new Map();
    for (const [path, folder] of level) {
      for await (const entry of (folder as unknown as { values(): Handles }).values()) {
        if (entry.kind === "directory") below.set(`${path}/${entry.name}`, entry);
        else if (MARKS.includes(entry.name)) models.set(path, folder);
      }
    }
    if (models.size) return models.get(nearest([...models.keys()].map((path) => [path]))[0])!;
    level = below;
  }
  return root;
}
