// Runs every test file under Deno, where uvu files run themselves, and prints the sums.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";

let total = 0;
let passed = 0;
const here = (name) => name.endsWith(".test.ts") && name !== "package.test.ts"; // built files are the same everywhere
for (const file of readdirSync("test").filter(here)) {
  const args = ["run", "--no-check", "-A", "--unstable-webgpu", `test/${file}`];
  const { status, stdout, stderr } = spawnSync("node_modules/.bin/deno", args, { encoding: "utf8" });
  const sums = [...stdout.matchAll(/Total: +(\d+)\D+Passed: +(\d+)/g)];
  const all = sums.reduce((n, [, count]) => n + Number(count), 0);
  const good = sums.reduce((n, [, , count]) => n + Number(count), 0);
  // A file that breaks off, or that forgets to run its tests, counts as one that failed.
  const broken = all === 0 || (status !== 0 && all === good) ? 1 : 0;
  total += all + broken;
  passed += good;
  const ok = status === 0 && !broken && all === good;
  console.log(`${ok ? "ok  " : "FAIL"} ${file}`);
  if (!ok) console.log(`${stdout.slice(-6000)}${stderr.slice(-3000)}`.replace(/^/gm, "| "));
}
console.log(`  Total:     ${total}\n  Passed:    ${passed}`);
process.exit(passed === total ? 0 : 1);
