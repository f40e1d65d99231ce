import { readFile } from "node:fs/promises";
import { transform } from "esbuild";

export async function load(url, context, next) {
  if (!/\.ts($|\?)/.test(url)) return next(url, context);
  const source = await readFile(new URL(url), "utf8");
  const options = { loader: "ts", format: "esm", target: "node20", sourcemap: "inline", sourcefile: url };
  const { code } = await transform(source, options);
  return { format: "module", source: code, shortCircuit: true };
}
