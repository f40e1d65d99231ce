// A plugin of esbuild's. With code splitting, what entries and files loaded later share becomes a file for each set of its
// readers, a dozen small ones. Here all of them import what the first entry imports, which they have already when they are
// loaded, and so it becomes one file.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

const src = fileURLToPath(new URL("src/", import.meta.url));

/**
 * For a build of these entries, and of files that src/ loads later. It warns of imports that do nothing else: silence
 * "ignored-bare-import".
 */
export const together = (first, ...others) => ({
  name: "together",
  setup({ onLoad, onResolve, resolve: find }) {
    const later = new Set(others.map((file) => resolve(file)));
    onResolve({ filter: /^the first entry$/ }, () => ({ path: resolve(first) }));
    onResolve({ filter: /^\./ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
      if (kind !== "dynamic-import" || pluginData === together || !importer.startsWith(src)) return;
      const found = await find(path, { kind, resolveDir, pluginData: together });
      later.add(found.path);
      return found;
    });
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      if (!later.has(path)) return;
      return { contents: `${readFileSync(path, "utf8")}\nimport "the first entry";`, loader: "ts" };
    });
  },
});
