// `relprop explain --jsonl` under other people's engines: GNU parallel, and with RELPROP_FULL a Spark job (RELPROP_PYTHON
// names a Python that has pyspark). The same bytes as one process, also when a worker is killed in the middle. What is not
// installed is skipped, saying so.

import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { random } from "./support.ts";

const cli = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
if (!existsSync(cli)) throw new Error("dist/cli.js is missing: npm run build makes it");

const full = process.env.RELPROP_FULL;
const python = process.env.RELPROP_PYTHON ?? "python3";
const COUNT = full ? 10_000 : 600;
const SHARDS = full ? 20 : 3;

const test = suite("many lines");
const folder = mkdtempSync(join(tmpdir(), "relprop-"));
test.after(() => rmSync(folder, { recursive: true }));

const words =
  "the a film movie is not very good bad witty dull , and but with gorgeous plot acting sadly it seductive".split(" ");
const draws = random(COUNT * 41, 17);
const lines = Array.from({ length: COUNT }, (_, i) => {
  const draw = (k: number) => (draws[41 * i + k] + 1) / 2;
  const text = Array.from(
    { length: 1 + Math.floor(40 * draw(40)) },
    (_, k) => words[Math.floor(draw(k) * words.length)],
  );
  return JSON.stringify({ id: i, text: text.join(" ") });
});
const input = join(folder, "texts.jsonl");
writeFileSync(input, `${lines.join("\n")}\n`);

const seconds = (work: () => void) => {
  const from = performance.now();
  work();
  return `${((performance.now() - from) / 1000).toFixed(1)} s`;
};
const shell = (command: string) => execFileSync("bash", ["-c", command], { cwd: folder, encoding: "utf8" });
const has = (command: string, ...args: string[]) => spawnSync(command, args).status === 0;

let expected = "";
test(`${COUNT} lines in one process`, () => {
  const took = seconds(() => shell(`node "${cli}" explain --jsonl < texts.jsonl > one.jsonl`));
  expected = readFileSync(join(folder, "one.jsonl"), "utf8");
  const ids = expected
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line).id);
  assert.equal(ids, [...lines.keys()]);
  console.log(`\none process: ${took}`);
});

const same = (actual: string, what: string) => assert.ok(actual === expected, `${what}: not the same bytes`);

if (has("parallel", "--version")) {
  test("GNU parallel, in order", () => {
    const command = `parallel --will-cite --pipepart -a texts.jsonl --block -2 -j 2 --keep-order node "${cli}" explain --jsonl > all.jsonl`;
    const took = seconds(() => shell(command));
    same(readFileSync(join(folder, "all.jsonl"), "utf8"), "parallel");
    console.log(`\nGNU parallel, two workers: ${took}`);
  });

  test("GNU parallel, a worker killed in the middle, then run again", async () => {
    shell(`split -d -a 4 -l ${Math.ceil(COUNT / SHARDS)} texts.jsonl shard-`);
    // A worker's process is the one that noted its id. What is not whole has another name.
    const worker = `sh -c 'echo $$ > {}.pid; exec node "${cli}" explain --jsonl' < {} > {}.part && mv {}.part {}.out`;
    const args = ["--will-cite", "-j", "2", "--joblog", "jobs", "--resume-failed", worker, ":::"];
    const shards = readdirSync(folder).filter((name) => /^shard-\d{4}$/.test(name));
    const victim = join(folder, `${shards[2]}.part`);
    const run = (kill: boolean) =>
      new Promise<number | null>((resolve, reject) => {
        const child = spawn("parallel", [...args, ...shards], { cwd: folder, stdio: "ignore" });
        const watch = setInterval(() => {
          if (!kill || !existsSync(victim) || !readFileSync(victim, "utf8").includes("\n")) return;
          process.kill(Number(readFileSync(victim.replace(".part", ".pid"), "utf8")), "SIGKILL");
          clearInterval(watch);
        }, 1);
        child.on("error", reject);
        child.on("close", (status) => {
          clearInterval(watch);
          resolve(status);
        });
      });
    assert.is(await run(true), 1, "one job failed");
    const left = readFileSync(victim, "utf8");
    const whole = left.split("\n").length - 1;
    console.log(`\nkilled after ${whole} of its ${Math.ceil(COUNT / SHARDS)} lines`);
    assert.ok(!existsSync(victim.replace(".part", ".out")));
    assert.is(await run(false), 0);
    same(shards.map((name) => readFileSync(join(folder, `${name}.out`), "utf8")).join(""), "run again");
    const jobs = readFileSync(join(folder, "jobs"), "utf8").trimEnd().split("\n").length - 1;
    assert.is(jobs, shards.length + 1, "only the killed one ran again");
  });
} else {
  test.skip("GNU parallel is not installed", () => {});
  console.log("skipped: GNU parallel is not installed");
}

if (full && has(python, "-c", "import pyspark") && has("java", "-version")) {
  const script = fileURLToPath(new URL("scale/spark.py", import.meta.url));
  for (const kill of [false, true]) {
    test(`a Spark job${kill ? ", a worker killed in the middle" : ""}`, () => {
      const [out, pids] = [join(folder, `spark-${kill}`), join(folder, `pids-${kill}`)];
      mkdirSync(pids);
      const args = [script, cli, input, out, pids, ...(kill ? ["kill"] : [])];
      const took = seconds(() => execFileSync(python, args, { stdio: ["ignore", "inherit", "ignore"] }));
      const parts = readdirSync(out)
        .filter((name) => /^part-\d+$/.test(name))
        .sort();
      same(parts.map((name) => readFileSync(join(out, name), "utf8")).join(""), "Spark");
      const workers = readdirSync(pids).length;
      assert.is(workers, parts.length + (kill ? 1 : 0), "each partition once, and the killed one again");
      console.log(
        `\nSpark, two workers${kill ? ", one killed" : ""}: ${took}, ${parts.length} partitions, ${workers} processes`,
      );
    });
  }
} else {
  test.skip("Spark runs with RELPROP_FULL, pyspark and Java", () => {});
  console.log("skipped: Spark runs with RELPROP_FULL, pyspark and Java");
}

test.run();
