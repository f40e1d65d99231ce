// Runs every test file under Deno, where uvu files run themselves, and prints the sums.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";

let total = 0;
let passed = 0;
let broken = 0;
for (const file of readdirSync("test").filter((name) => name.endsWith(".test.ts"))) {
  const args = ["run", "--no-check", "-A", "--unstable-webgpu", `test/${file}`];
  const run = spawnSync("node_modules/.bin/deno", args, { encoding: "utf8" });
  const sums = [...run.stdout.matchAll(/Total: +(\d+)\s+Passed: +(\d+)/g)];
  const ok = run.status === 0 && sums.length > 0;
  console.log(`${ok ? "ok  " : "FAIL"} ${file}`);
  if (!ok) {
    broken++;
    console.log(run.stdout.slice(-6000), run.stderr.slice(-3000));
  }
  for (const [, all, good] of sums) {
    total += Number(all);
    passed += Number(good);
  }
}
console.log(`  Total:     ${total + broken}\n  Passed:    ${passed}`);
process.exit(broken || passed !== total ? 1 : 0);
