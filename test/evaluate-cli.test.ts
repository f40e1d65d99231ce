// `relprop evaluate` as its users run it, killed in the middle and started again. `npm run build` makes dist/cli.js.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const cli = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
if (!existsSync(cli)) throw new Error("dist/cli.js is missing: npm run build makes it");

const test = suite("relprop evaluate");
const folder = mkdtempSync(join(tmpdir(), "relprop-"));
test.after(() => rmSync(folder, { recursive: true }));

const data = join(folder, "data.tsv");
const texts = Array.from(
  { length: 24 },
  (_, i) => `number ${i} is ${i % 2 ? "a fine and witty film" : "dull , sadly"} .\t${i % 2}`,
);
writeFileSync(data, `sentence\tlabel\n${texts.join("\n")}\n`);

/** Runs to its end, or until `kill` says so of what the journal holds. */
async function run(
  args: string[],
  kill?: (journal: string) => boolean,
  command = "evaluate",
  by: "SIGKILL" | "SIGINT" = "SIGKILL",
) {
  const env = { ...process.env, XDG_CACHE_HOME: folder };
  const child = spawn("node", [cli, command, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    out += chunk;
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    err += chunk;
  });
  const path = args[args.indexOf("--journal") + 1];
  const watch = setInterval(() => {
    if (!kill || !existsSync(path) || !kill(readFileSync(path, "utf8"))) return;
    clearInterval(watch);
    child.kill(by);
  }, 2);
  const [status, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.on("close", (...how) => resolve(how));
  });
  clearInterval(watch);
  return { status, signal, out, err };
}

const usual = ["--data", data, "--methods", "cp-lrp,gradient-x-input,random", "--seed", "3"];
const rows = (journal: string) => journal.split("\n").filter((line) => line.startsWith('{"i"')).length;

test("the contract", async () => {
  const figure = join(folder, "curves.svg");
  const { status, out, err } = await run([
    ...usual,
    "--protocol",
    "ali2022",
    "--limit",
    "6",
    "--plot",
    figure,
    "--json",
  ]);
  assert.is(status, 0, err);
  assert.is(err, "", "no progress where nobody watches");
  const result = JSON.parse(out);
  assert.equal([result.protocol, result.model, result.examples], ["ali2022", "sst2-tiny", 6]);
  assert.equal(Object.keys(result.methods), ["cp-lrp", "gradient-x-input", "random"]);
  for (const one of Object.values<Record<string, never>>(result.methods)) {
    assert.equal(Object.keys(one), ["auac", "auMse", "aupc", "forwardPasses", "seconds"]);
    for (const metric of ["auac", "auMse", "aupc"]) {
      const { mean, low, high } = one[metric];
      assert.ok(low <= mean && mean <= high && low < high);
    }
    assert.ok(Number.isFinite(one.seconds) && Number.isInteger(one.forwardPasses));
  }
  const svg = readFileSync(figure, "utf8");
  assert.is(svg.match(/<polyline/g)?.length, 9);
  const text = await run([...usual, "--limit", "6"]);
  assert.match(text.out, /^cp-lrp +0\.\d{3} \[0\.\d{3}, 0\.\d{3}\]/m);
  assert.match(text.out, /^less gradient-x-input/m);
});

test("killed in the middle, again and again", async () => {
  const journal = join(folder, "journal.jsonl");
  const args = [...usual, "--journal", journal, "--json"];
  let before = 0;
  for (let kills = 0; kills < 3; kills++) {
    const most = before + 4;
    const { signal } = await run(args, (content) => rows(content) >= most);
    const now = rows(readFileSync(journal, "utf8"));
    console.log(`\nkilled by ${signal} with ${now} of ${texts.length} done`);
    assert.ok(signal === "SIGKILL" ? now >= most : now === texts.length);
    before = now;
  }
  const { status, out, err } = await run(args);
  assert.is(status, 0, err);
  assert.is(rows(readFileSync(journal, "utf8")), texts.length, "each text once");
  const fresh = await run([...usual, "--json"]);
  const timeless = (json: string) =>
    JSON.stringify(JSON.parse(json), (key, value) => (/^(seconds.*|speedup)$/.test(key) ? undefined : value));
  assert.is(timeless(out), timeless(fresh.out));

  const other = await run([...args, "--at", "words"]);
  assert.is(other.status, 2);
  assert.match(other.err, /the journal is of another evaluation: its at is "\\?"embeddings\\?"", now "\\?"words/);
});

test("stopped by Ctrl-C", async () => {
  const journal = join(folder, "stopped.jsonl");
  const args = [...usual, "--journal", journal, "--json"];
  const { status, out, err } = await run(args, (content) => rows(content) >= 2, "evaluate", "SIGINT");
  assert.is(status, 130);
  assert.is(out, "");
  assert.match(err, /stopped; .*stopped\.jsonl has the finished examples/);
  assert.ok(rows(readFileSync(journal, "utf8")) < texts.length);
});

test("explain --method auto", async () => {
  const explain = (...args: string[]) =>
    run(["a witty film", "--method", "auto", ...args, "--json"], undefined, "explain");
  const without = await explain();
  assert.is(without.status, 2);
  assert.match(without.err, /pass `--sample FILE` once/);
  const chosen = await explain("--sample", data);
  assert.is(chosen.status, 0, chosen.err);
  const { method } = JSON.parse(chosen.out);
  assert.match(chosen.err, new RegExp(`^${method}: auac 0\\.\\d{3} on 24 texts by ali2022-fixed`));
  const remembered = await explain();
  assert.equal(remembered, chosen);
  const cache = join(folder, "relprop");
  const file = join(cache, readdirSync(cache).find((name) => name.startsWith("method-"))!);
  writeFileSync(file, JSON.stringify({ method, why: "\u001b[31mred\u0007" }));
  assert.is((await explain()).err, "␛[31mred␇\n", "what is in the file is text");
  for (const odd of ["null", "[]", '{"method":1,"why":2}', '{"method":"cp-lrp"}', "{"]) {
    writeFileSync(file, odd);
    assert.match((await explain()).err, /pass `--sample FILE` once/);
  }
  assert.is((await explain("--at", "words")).status, 2, "another reading point is another choice");
  assert.is((await run(["a", "--sample", data], undefined, "explain")).status, 2);
});

test("wrong usage", async () => {
  const bad: [string[], RegExp][] = [
    [[], /needs `--data/],
    [["--data", join(folder, "none.tsv")], /cannot be read/],
    [["--data", cli], /a \.tsv, \.csv or \.jsonl/],
    [["--data", data, "--protocol", "ali"], /no protocol "ali", only ali2022, ali2022-fixed/],
    [["--data", data, "--methods", "cp-lrp,lime"], /no method "lime", only cp-lrp/],
    [["--data", data, "--limit", "0"], /--limit is a whole number from 1/],
    [["--data", data, "--seed", "x"], /--seed is a whole number from 0/],
    [["--data", data, "--protocol", "loo", "--plot", "x.svg"], /no curves to plot/],
    [["a text", "--data", data], /it reads `--data`/],
    [["--data", data, "--journal", folder], /cannot be written/],
    [["--data", data, "--target", "0"], /has no option `--target`/],
  ];
  const all = bad.map(async ([args, message]) => {
    const { status, out, err } = await run(args);
    assert.is(status, 2, `${args}: ${err}`);
    assert.is(out, "");
    assert.match(err, message);
  });
  await Promise.all(all);
});

test.run();
