// The documents, as CI checks them: the site is built and looked at, and meanwhile every code block runs.

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const cwd = fileURLToPath(new URL("../..", import.meta.url));

/** Runs a command, prints what it printed once it has ended, and returns whether it ended well. */
function ended(command) {
  return new Promise((resolve) => {
    const child = spawn("bash", ["-c", command], { cwd, stdio: ["ignore", "pipe", "pipe"] });
    const printed = [];
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => printed.push(data));
    child.on("close", (status) => {
      process.stdout.write(Buffer.concat(printed));
      resolve(status === 0);
    });
  });
}

const all = await Promise.all([
  ended("docs/node_modules/.bin/vitepress build docs && node test/documents/site.mjs"),
  ended("node test/documents/run.mjs"),
]);
process.exitCode = all.every(Boolean) ? 0 : 1;
