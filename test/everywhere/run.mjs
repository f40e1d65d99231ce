// The test files in every runtime, and the packed tarball in every runtime and bundler: `npm run test:everywhere`.
//   ROW…       only these rows of the table in docs/reference/where-it-runs.md, such as deno or vite; none: all, and the table must agree
//   --tests    only the test files        --packed   only the tarball
//   --write    writes these rows of the table in docs/reference/where-it-runs.md: what passed

import { spawn } from "node:child_process";
import { parseArgs } from "node:util";
import { testFiles } from "./files.mjs";
import { runtimes } from "./runtimes.mjs";
import { compare, rows, write } from "./table.mjs";

const flags = { tests: { type: "boolean" }, packed: { type: "boolean" }, write: { type: "boolean" } };
const { values, positionals } = parseArgs({ options: flags, allowPositionals: true });
for (const row of positionals) if (!rows[row]) throw new Error(`no row ${row}, only ${Object.keys(rows).join(", ")}`);
const wanted = (row) => !positionals.length || positionals.includes(row);
const PATIENCE = 25 * 60_000; // milliseconds for a part, several times what the longest takes; then it hangs
const LANES = 2; // cores of a small machine; more would wait for one another
const backends = process.env.RELPROP_BACKENDS ?? "wasm,webgpu";

/** What passed, by row and column; and how many parts there were. */
const passed = new Map();
let total = 0;
let good = 0;

async function part(row, column, names, body, title = names.join(", ")) {
  if (!wanted(row)) return;
  const from = performance.now();
  total++;
  let outcome = "ok  ";
  try {
    await Promise.race([body(), late()]);
    good++;
    const cells = passed.get(row) ?? {};
    passed.set(row, { ...cells, [column]: [...(cells[column] ?? []), ...names] });
  } catch (error) {
    outcome = "FAIL";
    console.log(String(error?.stack ?? error).replace(/^/gm, "    | "));
  }
  console.log(`${outcome} ${row}: ${title} (${((performance.now() - from) / 1000).toFixed(1)} s)`);
}

const late = () =>
  new Promise((_, reject) => {
    setTimeout(reject, PATIENCE, new Error("it hangs")).unref();
  });

/** Runs test files in a runtime; what uvu prints comes at the end, so that groups may run side by side. */
async function group(row, files, on) {
  const printed = [`\n== ${row} on ${on}\n`];
  try {
    if (row === "chromium") {
      const { runTests } = await import("./chromium.mjs");
      await runTests(files, on, (text) => printed.push(text));
    } else {
      await shell(row, files, on, (text) => printed.push(text));
    }
  } finally {
    process.stdout.write(printed.join(""));
  }
}

async function shell(row, files, on, print) {
  const { command, args, env } = runtimes[row];
  const hook = row.startsWith("node") ? ["--import", "./test/hook.mjs"] : [];
  const paths = files.map((name) => `test/${name}`);
  const child = spawn(command, [...args, ...hook, "test/everywhere/runner.mjs", ...paths], {
    env: { ...process.env, ...env, RELPROP_BACKENDS: on },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: PATIENCE,
    killSignal: "SIGKILL",
  });
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", print);
  const [code, signal] = await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (...how) => resolve(how));
  });
  if (code !== 0) throw new Error(`${row} ended with ${signal ?? `status ${code}`} after ${files.join(" ")}`);
}

/** Runs `jobs` in order, so many at a time. */
async function inLanes(lanes, jobs) {
  const rest = [...jobs];
  const lane = async () => {
    for (let job = rest.shift(); job; job = rest.shift()) await job();
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

/** The test files' jobs of all rows, those of Node 20 first; a row passed if all its groups did. */
function testJobs() {
  const names = backends.split(",");
  return ["node", "deno", "chromium", "bun", "node26"].filter(wanted).flatMap((row) => {
    const all = testFiles(row, backends);
    let good = 0;
    return all.map(
      ([files, on], i) =>
        () =>
          part(
            row,
            "tests",
            [],
            async () => {
              await group(row, files, on);
              if (++good === all.length) passed.set(row, { ...passed.get(row), tests: names });
            },
            `tests ${i + 1} of ${all.length}`,
          ),
    );
  });
}

async function packed() {
  const { App } = await import("./app.mjs");
  const { dawn, says, works } = await import("./checks.mjs");
  const app = new App();
  const all = async (column, checks) => {
    for (const { row, name, body } of checks) await part(row, column, [name], () => body(app));
  };
  console.log("\n== the packed tarball");
  try {
    await app.install();
    await all("works", works);
    await all("says", says);
    app.installDawn();
    await all("works", dawn);
  } finally {
    await app.remove();
  }
}

await inLanes(LANES, [...(values.tests ? [] : [packed]), ...(values.packed ? [] : testJobs())]);

const columns = values.tests ? ["tests"] : values.packed ? ["works", "says"] : undefined;
const whole = !positionals.length && !columns;
if (values.write) write(passed, wanted, columns);
else if (whole) await part("documents", "works", ["the table"], () => compare(passed));
console.log(`\n  Total:     ${total}\n  Passed:    ${good}`);
process.exit(good === total ? 0 : 1); // servers and browsers that failed may still be open
