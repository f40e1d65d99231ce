// Runs uvu files in Node, Deno or Bun as uvu's own command line does, all in one process: node runner.mjs FILE…
import { basename } from "node:path";
import { pathToFileURL } from "node:url";

globalThis.UVU_DEFER = true;
const { exec } = await import("uvu");
globalThis.UVU_QUEUE = [];
for (const file of process.argv.slice(2)) {
  globalThis.UVU_INDEX = globalThis.UVU_QUEUE.push([basename(file)]) - 1;
  await import(pathToFileURL(file).href);
  if (globalThis.UVU_QUEUE.at(-1).length === 1) throw new Error(`${file} runs no tests`);
}
await exec();
