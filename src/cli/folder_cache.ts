// Files of models from the network in the user's cache folder: as much of a Cache as load() asks for.

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { save } from "./save.ts";

/** relprop's folder among the user's caches, on each system where its caches are. */
export function cacheFolder(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  const own: Partial<Record<NodeJS.Platform, string>> = {
    darwin: join(homedir(), "Library", "Caches"),
    win32: LOCALAPPDATA,
  };
  return join(XDG_CACHE_HOME || own[process.platform] || join(homedir(), ".cache"), "relprop");
}

/** A cache with a file for each entry, and next to it one with the entry's address. */
export function folderCache(folder: string): Cache {
  const path = (key: string) => join(folder, createHash("sha256").update(key).digest("hex"));
  const cache = {
    async match(key: string): Promise<Response | undefined> {
      const bytes = await readFile(path(key)).catch(() => undefined);
      return bytes && new Response(new Uint8Array(bytes));
    },
    async put(key: string, response: Response): Promise<void> {
      await mkdir(folder, { recursive: true });
      await save(path(key), new Uint8Array(await response.arrayBuffer()));
      await save(`${path(key)}.url`, key);
    },
    async keys(): Promise<{ url: string }[]> {
      const names = (await readdir(folder)).filter((name) => name.endsWith(".url"));
      return Promise.all(names.map(async (name) => ({ url: await readFile(join(folder, name), "utf8") })));
    },
    async delete({ url }: { url: string }): Promise<boolean> {
      for (const file of [path(url), `${path(url)}.url`]) await rm(file, { force: true });
      return true;
    },
  };
  return cache as unknown as Cache;
}
