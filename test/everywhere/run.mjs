// The test files in every runtime, and the packed tarball in every runtime and bundler: `npm run test:everywhere`.
//   ROW…       only these rows of the README's table, such as deno or vite; none: all, and the table must say the same
//   --tests    only the test files        --packed   only the tarball
//   --write    writes these rows of the README's table: what passed

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
const backends = process.env.RELPROP_BACKENDS ?? "wasm,webgpu";

/** What passed, by row and column; and how many parts there were. */
const passed = new Map();
let total = 0;
let good = 0;

async function part(row, column, names, body, say = console.log) {
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
    say(String(error?.stack ?? error).replace(/^/gm, "    | "));
  }
  say(`${outcome} ${row}: ${names.join(", ")} (${((performance.now() - from) / 1000).toFixed(1)} s)`);
}

const late = () =>
  new Promise((_, reject) => {
    setTimeout(reject, PATIENCE, new Error("it hangs")).unref();
  });

/** Runs the test files in a runtime; it prints what uvu prints, at once or, if it is to `say` it, at the end. */
async function tests(row, say) {
  for (const [files, on] of testFiles(row, backends)) {
    if (row === "chromium") {
      const { runTests } = await import("./chromium.mjs");
      await runTests(files, on);
    } else {
      await shell(row, files, on, say);
    }
  }
}

async function shell(row, files, on, say) {
  const { command, args, env } = runtimes[row];
  const hook = row.startsWith("node") ? ["--import", "./test/hook.mjs"] : [];
  const paths = files.map((name) => `test/${name}`);
  const child = spawn(command, [...args, ...hook, "test/everywhere/runner.mjs", ...paths], {
    env: { ...process.env, ...env, RELPROP_BACKENDS: on },
    stdio: ["ignore", say ? "pipe" : "inherit", say ? "pipe" : "inherit"],
    timeout: PATIENCE,
    killSignal: "SIGKILL",
  });
  const printed = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (bytes) => printed.push(bytes));
  child.on("close", () => say?.(Buffer.concat(printed).toString()));
  const [code, signal] = await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (...how) => resolve(how));
  });
  if (code !== 0) throw new Error(`${row} ended with ${signal ?? `status ${code}`}`);
}

if (!values.packed) {
  const names = backends.split(",");
  const title = (row) => `\n== the test files in ${row}, on ${backends}`;
  /** Rows one after the other that tell what they have printed at the end, so that they may run beside others. */
  const beside = async (...rows) => {
    const said = [];
    const say = (text) => said.push(text);
    for (const row of rows.filter(wanted)) {
      say(title(row));
      await part(row, "tests", names, () => tests(row, say), say);
    }
    return said;
  };
  // Node 20 waits for a GPU in software, these mostly for one thread.
  const others = beside("node26", "bun");
  for (const row of ["node", "deno", "chromium"]) {
    if (wanted(row)) console.log(title(row));
    await part(row, "tests", names, () => tests(row));
    if (row === "node") for (const text of await others) console.log(text);
  }
}

if (!values.tests) {
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

const columns = values.tests ? ["tests"] : values.packed ? ["works", "says"] : undefined;
const whole = !positionals.length && !columns;
if (values.write) write(passed, wanted, columns);
else if (whole) await part("README", "works", ["the table"], () => compare(passed));
console.log(`\n  Total:     ${total}\n  Passed:    ${good}`);
process.exit(good === total ? 0 : 1); // servers and browsers that failed may still be open
