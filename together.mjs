// A plugin of esbuild's. With code splitting, what entries and files loaded later share becomes a file for each set of its
// readers, a dozen small ones. Here all of them import what the first entry imports, which they have already when they are
// loaded, and so it becomes one file.
import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

const src = fileURLToPath(new URL("src/", import.meta.url));

/** The files that src/ imports when they are asked for. They are found before the build, which loads files in any order. */
function later() {
  const sources = readdirSync(src, { recursive: true }).filter((file) => file.endsWith(".ts"));
  return sources.flatMap((file) => {
    const code = readFileSync(resolve(src, file), "utf8");
    return [...code.matchAll(/\bimport\("(\.[^"]+)"\)/g)].map(([, path]) => resolve(src, file, "..", path));
  });
}

/**
 * For a build of these entries, and of files that src/ loads later. It warns of imports that do nothing else: silence
 * "ignored-bare-import".
 */
export const together = (first, ...others) => ({
  name: "together",
  setup({ onLoad, onResolve }) {
    const after = new Set([...others.map((file) => resolve(file)), ...later()]);
    onResolve({ filter: /^the first entry$/ }, () => ({ path: resolve(first) }));
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      if (!after.has(path)) return;
      return { contents: `${readFileSync(path, "utf8")}\nimport "the first entry";`, loader: "ts" };
    });
  },
});
