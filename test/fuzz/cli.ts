// Command lines with every option and values that are hostile: an answer, JSON where it is asked for, or a sentence on standard
// error and status 1 or 2. The program is imported once more for each, so that a case costs no process.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import * as assert from "uvu/assert";
import { commands } from "../../src/cli/options.ts";
import type { Random } from "../corpus/safetensors-mutants.ts";
import { type Fuzzer, pick, told } from "./shared/fuzzer.ts";

const reference = new URL("../reference/", import.meta.url);
const model = (name: string) => new URL(`families/${name}/`, reference).pathname;
const models = ["bert-sequence", "gpt2-lm", "bert-mlm", "vit-image", "bert-embedding", "bert-qa"].map(model);
const flags = new Set(
  "weights interactions pixels explain layers heads pairs experts truncate json jsonl help".split(" "),
);

const numbers = [
  "",
  "0",
  "-0",
  "-1",
  "1",
  "2",
  "0.5",
  "1e9",
  "1e999",
  "NaN",
  "0x10",
  "9".repeat(400),
  " 1",
  "1,2",
  "0:0",
  "0:99",
  ":",
];
const words = [
  "a",
  ",",
  "cp-lrp,",
  "__proto__",
  "toString",
  "LABEL_0",
  "a".repeat(9999),
  "\u001b[2J",
  "\ud800",
  "é😀",
  "--",
  "-",
];
const known = [
  "cp-lrp",
  "attn-lrp,gradient-x-input",
  "random",
  "auto",
  "kernel-shap",
  "embeddings",
  "words,embeddings",
  "logit",
  "log-probability",
];
const more = [
  "sentences",
  "words",
  "answer",
  "text",
  "html",
  "svg",
  "png",
  "json",
  "wasm",
  "ali2022-fixed",
  "pruning",
  "sanity",
];
const files = [
  "data.jsonl",
  "odd.json",
  "deep.json",
  "rows.json",
  "picture.png",
  "none",
  ".",
  "/dev/null",
  "/dev/full",
  "no/where",
];
const values = [...numbers, ...words, ...known, ...more, ...files, ...models];

/** Values that an option may nearly mean. */
const likely: Readonly<Record<string, readonly string[]>> = {
  model: [...models, ...files, "", "http://127.0.0.1:9/", "hub:", "\0"],
  data: files,
  image: files,
  input: files,
  composite: files,
  out: ["out", ...files],
  journal: ["journal", ...files],
  plot: ["plot.svg", ...files],
  method: [...known, ...words],
  at: [...known, ...words],
  format: [...more, ...words],
  limit: numbers.filter((n) => n.length < 3),
};

const lines = [
  '"a small text"',
  '{"text":"a","id":1}',
  "{",
  "",
  '{"text":5}',
  '{"rows":[[1]]}',
  '{"text":"a","pair":"b"}',
  "null",
];

let place = "";
let nth = 0;

export const fuzzer: Fuzzer = {
  async begin() {
    place = mkdtempSync(join(tmpdir(), "relprop-cli-"));
    process.chdir(place);
    const { files }: { files: { file: string }[] } = JSON.parse(
      readFileSync(new URL("images.json", reference), "utf8"),
    );
    writeFileSync("picture.png", Buffer.from(files[0].file, "base64"));
    writeFileSync("data.jsonl", '{"text":"a small text","label":0}\n{"text":"a text","label":1}\n');
    writeFileSync("odd.json", '{"linear":5}');
    writeFileSync("deep.json", `${"[".repeat(50_000)}${"]".repeat(50_000)}`);
    writeFileSync("rows.json", '{"rows":[[1,2,3,4]]}');
  },
  async end() {
    process.chdir(tmpdir());
    rmSync(place, { recursive: true });
  },
  async one(random) {
    const args = line(random);
    const { status, out, err } = await run(args);
    try {
      assert.not.match(err, /\n {4}at |please report/, "a stack trace");
      if (status) assert.match(err, /^relprop: [^\n]/);
      else assert.is(err, "");
      assert.ok([0, 1, 2].includes(status), `status ${status}`);
      if (!status && args.includes("--json") && out) JSON.parse(out);
      if (!status && args.includes("--jsonl")) for (const one of out.trimEnd().split("\n")) JSON.parse(one);
    } catch (error) {
      throw told(error, `${JSON.stringify(args).slice(0, 800)}: ${err.slice(0, 1500)}`);
    }
    return { bytes: 2 ** 20, what: status ? `status ${status}` : "right", of: args[0] };
  },
};

function line(random: Random): string[] {
  const [command, allowed] = pick(random, [...commands]);
  const args = [command];
  if (command !== "evaluate" && command !== "inspect" && random(8))
    args.push(pick(random, ["a small text", "", "the sea", ...words.filter((word) => word !== "--")])); // after which all is text
  if (command === "evaluate" && random(8))
    args.push("--data", "data.jsonl", "--methods", "random", "--protocol", "ali2022-fixed");
  if (random(3)) args.push("--model", pick(random, models));
  for (let n = random(3); n; n--) {
    const name = random(12) ? pick(random, allowed) : pick(random, [...commands.values()].flat());
    args.push(`--${name}`);
    if (!flags.has(name)) args[args.length - 1] += `=${pick(random, random(3) ? (likely[name] ?? values) : values)}`;
  }
  if (random(3) === 0 && command !== "evaluate") args.push("--json");
  return args;
}

/** Runs the program in this process: until it has said something, and no more comes. */
async function run(args: string[]): Promise<{ status: number; out: string; err: string }> {
  const said = { out: "", err: "" };
  const input = lines.join("\n");
  let at = performance.now();
  const stream = (name: "out" | "err") =>
    new Writable({
      decodeStrings: false,
      write(chunk, _, done) {
        said[name] += chunk;
        at = performance.now();
        done();
      },
    });
  const real = Object.getOwnPropertyDescriptors(process);
  const put = (name: string, value: unknown) =>
    Object.defineProperty(process, name, { value, configurable: true, writable: true });
  const before = process.listeners("SIGINT");
  try {
    put("stdout", stream("out"));
    put("stderr", stream("err"));
    put("stdin", Readable.from([Buffer.from(input)]));
    put("argv", ["node", "relprop", ...args]);
    process.exitCode = undefined;
    const begun = performance.now();
    await import(`../../src/cli.ts?${nth++}`);
    const many = args.includes("--jsonl") ? lines.length : 1;
    const written = args.some((arg) => arg.startsWith("--out="));
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, 2));
      const quiet = performance.now() - at;
      if (said.err && quiet > 4) break;
      if (said.out.split("\n").length > many && quiet > 4) break;
      if ((said.out || written) && quiet > 1500) break;
      if (performance.now() - begun > 20_000) throw new Error(`no end of ${JSON.stringify(args)}`);
    }
    return { status: Number(process.exitCode ?? 0), ...said };
  } finally {
    for (const name of ["stdout", "stderr", "stdin", "argv"]) Object.defineProperty(process, name, real[name]);
    process.exitCode = undefined;
    for (const one of process.listeners("SIGINT")) if (!before.includes(one)) process.off("SIGINT", one);
  }
}
