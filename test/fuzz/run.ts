// Fuzzers: npm run fuzz -- NAME|all [--minutes N] [--cases N] [--seed S] [--from I] [--on] [--table]
//
// A case is made from a seed and a number alone, so what fails is run again by `--seed S --from I --cases 1`. Each fuzzer runs
// in a process of its own, two a core at once; it tells before each case: one that takes more than 5 s of the processor is a fault, as are an
// error without a code, anything that is neither an error nor right, and more memory than 20 times what was given. `--on`
// goes on after a fault; `--table` counts cases by what they were about.

import { fork } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { seeded } from "../corpus/safetensors-mutants.ts";
import type { Fuzzer, Outcome } from "./shared/fuzzer.ts";

const MOST_SECONDS = 5; // of the processor
const LONGEST = 300; // by the clock, for one that waits

const MOST_TIMES = 20;
const FREE = 2 ** 26; // bytes that a process may take for itself: garbage, compiled code

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: "string" },
    cases: { type: "string" },
    seed: { type: "string", default: "1" },
    from: { type: "string", default: "0" },
    on: { type: "boolean" },
    table: { type: "boolean" },
    child: { type: "boolean" },
  },
});
const names = readdirSync(new URL(".", import.meta.url)).flatMap((file) => /^(\w+)\.ts$/.exec(file)?.[1] ?? []);
const all = names.filter((name) => name !== "run");

/** Runs the cases, and tells of each before it begins. */
async function child(name: string): Promise<void> {
  const { fuzzer }: { fuzzer: Fuzzer } = await import(`./${name}.ts`);
  const seed = Number(values.seed);
  const until = performance.now() + 60_000 * Number(values.minutes ?? (values.cases ? Infinity : 1));
  const cases = Number(values.cases ?? Infinity);
  const outcomes = new Map<string, number>();
  const subjects = new Map<string, Record<string, number>>();
  const slowest = { seconds: 0, i: 0 };
  const largest = { bytes: 0, i: 0 };
  const prototypes = intrinsics();
  await fuzzer.begin?.();
  const first = Number(values.from);
  let i = first;
  for (; i < first + cases && performance.now() < until; i++) {
    process.send?.({ case: i });
    const run = () => fuzzer.one(seeded(Math.imul(seed, 0x9e3779b1) + i + 1), i);
    const begun = process.cpuUsage();
    let before = settled(i % 16 === 0);
    const { bytes, what, of } = await (values.on ? run().catch((error) => kind(error, i, outcomes)) : run());
    const { user, system } = process.cpuUsage(begun);
    const seconds = (user + system) / 1e6;
    let grown = peak() - before;
    const most = MOST_TIMES * bytes + FREE;
    if (grown > most) {
      before = settled(true); // garbage of cases before it may have been counted
      await run().catch(() => {});
      grown = peak() - before;
    }
    if (seconds > slowest.seconds) Object.assign(slowest, { seconds, i });
    if (grown > largest.bytes) Object.assign(largest, { bytes: grown, i });
    if (seconds > MOST_SECONDS) fault(`case ${i} took ${seconds} s`);
    if (grown > most) fault(`case ${i} took ${grown} bytes for ${bytes} given`);
    outcomes.set(what, (outcomes.get(what) ?? 0) + 1);
    if (of === undefined) continue;
    const subject = subjects.get(of) ?? { cases: 0, right: 0 };
    subject.cases++;
    if (what === "right") subject.right++;
    subjects.set(of, subject);
  }
  await fuzzer.end?.();
  if (intrinsics() !== prototypes) fault(`a prototype is no longer what it was: ${intrinsics()}`);
  const sorted = [...outcomes].sort(([, a], [, b]) => b - a);
  console.log(`${name}: ${i - first} cases of seed ${seed}; ${sorted.map(([what, n]) => `${what} ${n}`).join(", ")}`);
  console.log(`  most: ${slowest.seconds} s of case ${slowest.i}, ${largest.bytes} bytes of case ${largest.i}`);
  if (values.table) {
    for (const [of, { cases, right }] of [...subjects].sort())
      console.log(`  ${of}: ${cases}, of which ${right} right`);
  }
  if (process.connected) process.disconnect();
}

function fault(message: string): void {
  if (!values.on) throw new Error(message);
  console.error(`FAULT ${message}`);
}

/** What the prototypes of the language have. */
function intrinsics(): string {
  const all = [Object, Array, Function, String, Number, Map, Set, Promise, Error, RegExp, Uint8Array, Float32Array];
  return all.flatMap(({ prototype }) => Reflect.ownKeys(prototype).map(String)).join();
}

/** The memory that is in use, and from which a case's peak is counted where Linux lets one ask. */
function settled(collected: boolean): number {
  if (collected) globalThis.gc?.();
  try {
    writeFileSync("/proc/self/clear_refs", "5");
  } catch {
    return peak();
  }
  return process.memoryUsage.rss();
}

const peak = () => 1024 * process.resourceUsage().maxRSS;

/** Tells a fault's kind, by where it comes from, when it is met first. */
function kind(error: Error, i: number, before: ReadonlyMap<string, number>): Outcome {
  const what = `FAULT ${error.name} at ${/src\/[^)]*/.exec(error.stack ?? "") ?? error.message.slice(0, 30)}`;
  if (!before.has(what)) console.error(`case ${i}: ${what}: ${error.message}`);
  return { bytes: 0, what };
}

async function parent(): Promise<void> {
  const wanted = positionals[0] === "all" ? all : positionals;
  const odd = wanted.find((name) => !all.includes(name));
  if (!wanted.length || odd !== undefined) {
    console.error(`${odd === undefined ? "which one?" : `there is no fuzzer ${odd};`} there are ${all.join(", ")}`);
    process.exitCode = 2;
    return;
  }
  const rest = [...wanted];
  const lane = async () => {
    for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
      const failed = await watched(name);
      if (failed === undefined) continue;
      console.error(`${name} failed: npm run fuzz -- ${name} --seed ${values.seed} --from ${failed} --cases 1`);
      process.exitCode = 1;
    }
  };
  await Promise.all(Array.from({ length: 2 * availableParallelism() }, lane));
}

/** Passes on whole lines, so that those of several processes do not mix. */
function inLines(from: Readable, to: NodeJS.WritableStream): void {
  createInterface(from).on("line", (line) => to.write(`${line}\n`));
}

/** The number of the case that failed, if one did. */
function watched(name: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const asked = Object.entries(values).flatMap(([option, value]) =>
      value === true ? [`--${option}`] : [`--${option}`, String(value)],
    );
    const process_ = fork(fileURLToPath(import.meta.url), [name, "--child", ...asked], {
      execArgv: [...process.execArgv, "--max-old-space-size=1024", "--expose-gc"],
      silent: true,
    });
    inLines(process_.stdout!, process.stdout);
    inLines(process_.stderr!, process.stderr);
    let at = Number(values.from);
    let begun = Number.POSITIVE_INFINITY;
    let since = performance.now();
    const timer = setInterval(() => {
      const waited = (performance.now() - since) / 1000;
      const late = (used(process_.pid) ?? waited) - begun > 2 * MOST_SECONDS;
      if (!late && waited < LONGEST) return;
      console.error(`${name}: case ${at} has not ended after ${waited} s`);
      process_.kill("SIGKILL");
    }, 500);
    process_.on("message", (message: { case: number }) => {
      at = message.case;
      since = performance.now();
      begun = used(process_.pid) ?? 0;
    });
    process_.on("close", (status) => {
      clearInterval(timer);
      resolve(status ? at : status === null ? at : undefined);
    });
  });
}

/** Seconds of the processor that a process has used, where Linux lets one ask. */
function used(pid: number | undefined): number | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100; // utime and stime, in ticks
  } catch {
    return undefined;
  }
}

if (values.child) await child(positionals[0]);
else if (process.argv[1] === fileURLToPath(import.meta.url)) await parent();
