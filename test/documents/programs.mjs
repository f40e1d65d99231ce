// Runs compiled blocks one after the other in one process: node programs.mjs FOLDER FILE…; prints what each printed, as JSON.

import { format } from "node:util";
import { give } from "./given.mjs";

const [folder, relprop, ...files] = process.argv.slice(2);
await give(await import(relprop), folder);
process.chdir(folder);

for (const file of files) {
  const printed = [];
  console.log = (...parts) => printed.push(format(...parts));
  let failed;
  try {
    await import(file);
  } catch (error) {
    failed = String(error?.stack ?? error);
  }
  process.stdout.write(`${JSON.stringify({ file, printed: printed.map((line) => `${line}\n`).join(""), failed })}\n`);
}
process.exit(0); // workers that blocks left
