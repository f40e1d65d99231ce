// Runs uvu files up to the first test that fails, and prints which that is: node first.mjs FILE…
// Of a file in the form "FILE: TITLE|TITLE" only tests whose titles have one of these in them.

import { register } from "node:module";
import { pathToFileURL } from "node:url";
import { firstFailure } from "./uvu.mjs";

const url = JSON.stringify(new URL("./uvu.mjs", import.meta.url).href);
const resolve = `(name, at, next) => name === "uvu" ? { url: ${url}, shortCircuit: true } : next(name, at)`;
register(`data:text/javascript,${encodeURIComponent(`export const resolve = ${resolve};`)}`);

for (const asked of process.argv.slice(2)) {
  const [file, titles = ""] = asked.split(": ");
  await import(pathToFileURL(`test/${file}.test.ts`).href);
  const [test, error] = (await firstFailure(titles.split("|"))) ?? [];
  if (test === undefined) continue;
  console.log(`\nFAIL ${file}.test.ts, ${test}\n${error?.message}`);
  process.exit(1);
}
