// Which test files run where, and why some do not.
import { readdirSync } from "node:fs";

const BUILT = "reads what npm would pack, the same for every runtime";
const SERVER = "is an HTTP server and its clients";
const SHELL = "starts dist/cli.js as a process";

/** Reasons by file, then by runtime. */
const left = {
  "package.test.ts": { node26: BUILT, deno: BUILT, bun: BUILT, chromium: BUILT },
  "cli.test.ts": { deno: SHELL, bun: SHELL, chromium: SHELL },
  "remote.test.ts": { chromium: SERVER },
  "sources.test.ts": { chromium: SERVER },
  "cache.test.ts": { chromium: SERVER },
};

/** The names of the test files for a runtime; prints which it leaves and why. */
export function testFiles(runtime) {
  const all = readdirSync(new URL("..", import.meta.url)).filter((name) => name.endsWith(".test.ts"));
  return all.filter((name) => {
    const reason = left[name]?.[runtime];
    if (reason) console.log(`left out: ${name}, ${reason}`);
    return !reason;
  });
}
