// Packages that recipes use, optional peers too, and the compilers of the frameworks among them.

import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const docs = new URL("../../docs/", import.meta.url);
const require = createRequire(new URL("package.json", docs));

/** What blocks import next to relprop, or relprop for them, and where it is. */
export const packages = [
  ...["react", "vue", "svelte", "@types"].map((name) => [name, docs]),
  ...["@huggingface", "fast-png", "jpeg-js"].map((name) => [name, new URL("..", docs)]),
].map(([name, root]) => [name, fileURLToPath(new URL(`node_modules/${name}`, root))]);

/** A Vue component's script in TypeScript, its template compiled within. */
export function compiledVue(code) {
  const { parse, compileScript } = require("@vue/compiler-sfc");
  const { descriptor, errors } = parse(code);
  if (errors.length) throw errors[0];
  return compileScript(descriptor, { id: "block", inlineTemplate: false }).content;
}

/** A Svelte component's script in TypeScript, without its runes' types; the whole of it must compile. */
export function compiledSvelte(code) {
  const { compile } = require("svelte/compiler");
  compile(code, { generate: "client" });
  const runes = "declare function $state<T>(value: T): T; declare function $derived<T>(value: T): T;";
  return `${/<script lang="ts">([\s\S]*?)<\/script>/.exec(code)?.[1] ?? ""}\n${runes}\n`;
}
