// The command line as its users run it: dist/cli.js as a process of its own. `npm run build` makes it.

import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Diagnosis } from "../src/diagnose/diagnosis.ts";
import type { Explanation } from "../src/explain/explanation.ts";
import { encodePng } from "../src/render/png.ts";
import type { Prediction } from "../src/tasks/prediction.ts";

const cli = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
if (!existsSync(cli)) throw new Error("dist/cli.js is missing: npm run build makes it");

interface Outcome {
  status: number | null;
  out: string;
  err: string;
}

function relprop(args: string[], input: string | Uint8Array = "", env: Record<string, string> = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn("node", [cli, ...args], { env: { ...process.env, ...env }, stdio: "pipe" });
    let out = "";
    let err = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      out += chunk;
    });
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      err += chunk;
    });
    child.stdin.on("error", () => {}); // the child may end without reading
    child.on("error", reject);
    child.on("close", (status) => resolve({ status, out, err }));
    child.stdin.end(input);
  });
}

async function explain(text: string, ...args: string[]): Promise<Explanation> {
  const { status, out, err } = await relprop(["explain", text, "--json", ...args]);
  assert.is(status, 0, err);
  assert.is(err, "");
  return JSON.parse(out);
}

const test = suite("the command line");
const folder = mkdtempSync(join(tmpdir(), "relprop-"));
test.after(() => rmSync(folder, { recursive: true }));

test("no prototype is written to, none is needed: the same with frozen intrinsics and without __proto__", async () => {
  const NODE_OPTIONS = "--frozen-intrinsics --disable-proto=throw --no-warnings";
  for (const command of [
    ["explain", "--layers", "--heads"],
    ["explain", "--method", "saliency"],
    ["predict"],
    ["diagnose"],
  ]) {
    const args = [...command, "A gorgeous movie.", "--json", "--backend", "wasm"];
    const [plain, frozen] = [await relprop(args), await relprop(args, "", { NODE_OPTIONS })];
    assert.is(frozen.status, 0, frozen.err);
    assert.is(frozen.out, plain.out);
  }
});

test("explain --json", async () => {
  const text = "A gorgeous, witty, seductive movie.";
  const result = await explain(text);
  const known = "text model method composite at backend target classes tokens ledger warnings".split(" ");
  assert.equal(Object.keys(result), known);
  assert.is(result.text, text);
  assert.is(result.model, "sst2-tiny");
  assert.is(result.method, "cp-lrp");
  assert.is(result.at, "embeddings");
  assert.is(result.backend, "wasm");
  assert.equal(Object.keys(result.target), ["index", "label", "logit", "probability"]);
  assert.is(result.target.label, "positive");
  assert.equal(
    result.classes.map(({ label }) => label),
    ["negative", "positive"],
  );
  const entries = "logit tokens biases norms constants positions softmax products activations epsilon residual".split(
    " ",
  );
  assert.equal(Object.keys(result.ledger), entries);
  for (const token of result.tokens) {
    assert.equal(Object.keys(token), ["id", "text", "start", "end", "special", "relevance"]);
    if (token.special) assert.equal([token.start, token.end], [null, null]);
    else assert.is(text.slice(token.start!, token.end!).toLowerCase().endsWith(token.text.replace("##", "")), true);
  }
  const [, ...rest] = Object.values(result.ledger);
  assert.ok(Math.abs(result.ledger.logit - rest.reduce((a, b) => a + b, 0)) < 1e-12);
});

test("options of explain", async () => {
  const [other, contrast] = await Promise.all([
    explain("not a bad movie", "--method", "attn-lrp", "--at", "words", "--target", "0"),
    explain("not a bad movie", "--target", "positive", "--contrast", "negative", "--backend", "auto"),
  ]);
  assert.equal([other.method, other.at, other.target.label], ["attn-lrp", "words", "negative"]);
  assert.ok(other.ledger.constants !== 0 && other.ledger.softmax !== 0);
  assert.is(contrast.contrast?.label, "negative");
  assert.ok(Math.abs(contrast.ledger.logit - (contrast.target.logit - contrast.contrast!.logit)) < 1e-6);

  const composite = join(folder, "composite.json");
  writeFileSync(composite, JSON.stringify({ linear: ["epsilon", { eps: 0.1 }] }));
  const own = await explain("fine", "--composite", composite);
  assert.is(own.method, "custom");
  assert.ok(own.ledger.epsilon !== 0);

  const model = fileURLToPath(new URL("reference/tiny/gelu-new-3-labels", import.meta.url));
  const tiny = await explain("The sea!", "--model", model);
  assert.is(tiny.model, "gelu-new-3-labels");
  assert.is(tiny.classes.length, 3);
});

test("odd texts in every format", async () => {
  const texts = [
    "",
    "👩‍👩‍👧 🎬",
    "فيلم جميل",
    "half \ud800 pair",
    "<script>alert(1)</script> & 'x'",
    "\u001b[31mred\u0007\u202eevil",
  ];
  for (const text of texts) {
    for (const format of ["text", "html", "svg", "json"]) {
      const { status, out, err } = await relprop(["explain", text, "--format", format]);
      assert.is(status, 0, err);
      assert.ok(out.length > 100);
      if (format === "json") continue;
      if (format !== "text") assert.not.match(out, "<script");
      assert.not.match(out, "\u001b");
      assert.not.match(out, "\u202e");
    }
  }
});

test("a text that is too long, in every format", async () => {
  const long = "word ".repeat(10_000);
  for (const format of ["text", "html", "svg", "json"]) {
    const { status, out, err } = await relprop(["explain", long, "--format", format]);
    assert.is(status, 1);
    assert.is(out, "");
    assert.match(err, "InputTooLong");
  }
  const cut = await relprop(["explain", long, "--truncate", "--json"]);
  assert.is(cut.status, 0);
  assert.is(JSON.parse(cut.out).tokens.length, 128);
});

test("--out writes the same bytes to a file", async () => {
  for (const format of ["text", "html", "svg", "json"]) {
    const file = join(folder, `out.${format}`);
    const [there, here] = await Promise.all([
      relprop(["explain", "a fine film", "--format", format, "--out", file]),
      relprop(["explain", "a fine film", "--format", format]),
    ]);
    assert.is(there.status, 0, there.err);
    assert.is(there.out, "");
    assert.is(readFileSync(file, "utf8"), here.out);
  }
  assert.is((await relprop(["explain", "a", "--out", join(folder, "no/such/folder")])).status, 2);
});

test("colours only where they are wanted", async () => {
  for (const env of [{}, { NO_COLOR: "1" }, { COLORTERM: "truecolor" }]) {
    const { out } = await relprop(["explain", "a fine film"], "", env as Record<string, string>);
    assert.not.match(out, "\u001b"); // a pipe is no terminal
  }
});

test("predict and inspect", async () => {
  const predicted = await relprop(["predict", "a fine film", "--json"]);
  const prediction: Prediction = JSON.parse(predicted.out);
  assert.is(prediction.classes.length, 2);
  assert.match((await relprop(["predict", "a fine film"])).out, "positive");
  const facts = JSON.parse((await relprop(["inspect", "--json"])).out);
  assert.is(facts.parameters, 1908482);
  assert.equal(facts.classes, ["negative", "positive"]);
  assert.match((await relprop(["inspect"])).out, "F16");
});

test("JSON lines: one for one, in order, with ids", async () => {
  const input = [
    '{"id": 7, "text": "a fine film"}',
    '"a bare string"',
    "{broken",
    "",
    '{"id": "x"}',
    '{"id": null, "text": 3}',
    "[1, 2]",
    `{"id": "long", "text": "${"word ".repeat(1000)}"}`,
    `"${"x".repeat(2 ** 20)}"`,
    '{"text": "", "id": {"nested": [1]}}\r',
    '"Grüße 🎬"',
    '{"id": "last", "text": "no newline at the end"}',
  ].join("\n");
  const { status, out, err } = await relprop(["explain", "--jsonl", "--method", "attn-lrp"], `\ufeff${input}`);
  assert.is(status, 0, err);
  assert.ok(out.endsWith("\n"));
  const lines = out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.is(lines.length, 12);
  assert.equal(
    lines.map(({ id }) => id),
    [7, undefined, undefined, undefined, "x", null, undefined, "long", undefined, { nested: [1] }, undefined, "last"],
  );
  const codes = lines.map(({ error }) => error?.code);
  const bad = "InvalidInput";
  assert.equal(codes, [
    undefined,
    undefined,
    bad,
    bad,
    bad,
    bad,
    bad,
    "InputTooLong",
    "LimitExceeded",
    undefined,
    undefined,
    undefined,
  ]);
  lines.forEach(({ error, line, method, tokens, text }, i) => {
    if (error) {
      assert.is(line, i + 1);
      assert.type(error.message, "string");
    } else {
      assert.is(method, "attn-lrp");
      assert.ok(tokens.length >= 2 && typeof text === "string");
    }
  });
  assert.is(lines[10].text, "Grüße 🎬");
});

test("JSON lines cut anywhere, bad UTF-8, nothing at all", async () => {
  const invalid = await relprop(["predict", "--jsonl"], new Uint8Array([0x22, 0xff, 0x22, 0x0a, 0x22, 0x61, 0x22]));
  const [first, second] = invalid.out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.is(first.error.code, "InvalidInput");
  assert.is(second.text, "a");
  const nothing = await relprop(["explain", "--jsonl"], "");
  assert.equal([nothing.status, nothing.out], [0, ""]);
});

test("lists: methods, targets and reading points of one text", async () => {
  const lists = [
    "--method",
    "cp-lrp,attn-lrp",
    "--target",
    "positive",
    "--target",
    "negative",
    "--at",
    "words,embeddings",
  ];
  const { status, out, err } = await relprop(["explain", "not a bad movie", "--json", ...lists]);
  assert.is(status, 0, err);
  const all: Explanation[] = JSON.parse(out);
  const order = all.map(({ method, target, at }) => `${method} ${target.label} ${at}`);
  const expected = ["cp-lrp", "attn-lrp"].flatMap((method) =>
    ["positive", "negative"].flatMap((target) => ["words", "embeddings"].map((at) => `${method} ${target} ${at}`)),
  );
  assert.equal(order, expected);
  const alone = ["--method", "attn-lrp", "--target", "negative", "--at", "words"];
  assert.equal(await explain("not a bad movie", ...alone), all[6]);
  const text = await relprop(["explain", "not a bad movie", ...lists]);
  assert.is(text.out.match(/^logit|^ +logit /gm)?.length, 8);
  const lines = await relprop(["explain", "--jsonl", ...lists], '{"id": 1, "text": "not a bad movie"}\n"a"\n');
  const [first, second] = lines.out.trimEnd().split("\n");
  assert.equal(JSON.parse(first), { id: 1, explanations: all });
  assert.is(JSON.parse(second).explanations.length, 8);
});

test("JSON lines that come together, and one that waits for its answer", async () => {
  const long = "word ".repeat(500);
  const texts = Array.from({ length: 150 }, (_, i) =>
    i % 40 === 7 ? long : `a ${"very ".repeat(i % 9)}fine film ${i}`,
  );
  const { out } = await relprop(["explain", "--jsonl"], texts.map((text) => JSON.stringify(text)).join("\n"));
  const lines = out.trimEnd().split("\n").map((line) => JSON.parse(line)); // biome-ignore format: one pipe
  assert.is(lines.length, texts.length);
  for (const [i, line] of lines.entries()) {
    if (texts[i] === long) assert.equal([line.line, line.error.code], [i + 1, "InputTooLong"]);
    else assert.is(line.text, texts[i]);
  }
  assert.equal(lines[101], await explain(texts[101]));

  // A program that asks line by line gets each answer before it asks on.
  const child = spawn("node", [cli, "predict", "--jsonl"], { stdio: "pipe" });
  const answers = child.stdout.setEncoding("utf8")[Symbol.asyncIterator]();
  for (const text of ["one", "two", "three"]) {
    child.stdin.write(`${JSON.stringify(text)}\n`);
    assert.is(JSON.parse((await answers.next()).value).text, text);
  }
  child.stdin.end();
  assert.is(await new Promise((resolve) => child.on("close", resolve)), 0);
});

test("JSON lines: whatever a line causes is that line's error", async () => {
  const deep = (n: number) => `${"[".repeat(n)}${"]".repeat(n)}`;
  const input = [
    `{"id":${deep(50_000)},"text":"a"}`,
    `{"text":"b","x":${"[".repeat(500_000)}`,
    `{"id":${deep(60)},"text":"c"}`,
    `{"text":"d \\"${"[{".repeat(500)}"}`,
    `"${'\\"'.repeat(300_000)}`,
    '{"rows":[["1"]],"names":[{"toString":1}]}',
    '{"__proto__":{"text":1},"text":"e"}',
    '{"id":1e999,"text":"f"}',
  ];
  const { status, out, err } = await relprop(["predict", "--jsonl", "--truncate"], input.join("\n"));
  assert.equal([status, err], [0, ""]);
  const lines = out.trimEnd().split("\n").map((line) => JSON.parse(line)); // biome-ignore format: one pipe
  const bad = "InvalidInput";
  assert.equal(
    lines.map(({ error }) => error?.code),
    [bad, bad, undefined, undefined, bad, bad, undefined, undefined],
  );
  assert.match(lines[0].error.message, "nested more than 64 deep");
});

test("Ctrl-C while a line is waited for ends the run at once", async () => {
  const child = spawn("node", [cli, "predict", "--jsonl"], { stdio: "pipe" });
  child.stdin.write('"a fine film"\n');
  await new Promise((resolve) => child.stdout.once("data", resolve));
  child.kill("SIGINT");
  const ended = await Promise.race([
    new Promise((resolve) => child.on("close", resolve)),
    new Promise((resolve) => setTimeout(resolve, 20_000, "it waits on").unref()),
  ]);
  child.kill("SIGKILL");
  assert.is(ended, 130);
});

test("a disk that is full, a directory that is none: a sentence, and the old file stays", async () => {
  const old = join(folder, "old.txt");
  writeFileSync(old, "what was there");
  const target = join(folder, "no", "such", "file");
  const gone = await relprop(["explain", "a", "--out", target]);
  assert.equal([gone.status, gone.out], [2, ""]);
  assert.match(gone.err, /^relprop: ".*" cannot be written: ENOENT.*\(InvalidOption\)$/m);
  if (!existsSync("/dev/full")) return console.log("no /dev/full here: full disks are not tried");
  const full = async (args: string[]) =>
    new Promise<[number | null, string]>((resolve) => {
      const child = spawn("sh", ["-c", `exec node "$0" "$@" >/dev/full`, cli, ...args], { stdio: "pipe" });
      let err = "";
      child.stderr.on("data", (chunk) => {
        err += chunk;
      });
      child.stdin.end('"a"\n"b"\n');
      child.on("close", (status) => resolve([status, err]));
    });
  for (const args of [["explain", "a"], ["predict", "--jsonl"], ["--help"]]) {
    const [status, err] = await full(args);
    assert.is(status, 1);
    assert.match(err, /^relprop: standard output cannot be written: ENOSPC[^\n]*\n$/);
  }
  // A limit on a file's size stands in for a full disk.
  const limited = `ulimit -f 1; trap "" XFSZ; exec node "$0" explain "$1" --format html --out "$2"`;
  const status = await new Promise((resolve) => {
    spawn("sh", ["-c", limited, cli, "a fine film", old], { stdio: "ignore" }).on("close", resolve);
  });
  assert.is(status, 2);
  assert.is(readFileSync(old, "utf8"), "what was there");
  assert.equal(
    readdirSync(folder).filter((name) => name.includes(".part")),
    [],
  );
});

test("with frozen intrinsics and without __proto__", async () => {
  const options = "--frozen-intrinsics --disable-proto=throw --no-warnings";
  for (const args of [["explain", "a fine film", "--json"], ["predict", "--help"], ["inspect"]]) {
    const frozen = await relprop(args, "", { NODE_OPTIONS: options });
    assert.is(frozen.status, 0, frozen.err);
    assert.is(frozen.err, "");
    assert.is(frozen.out, (await relprop(args)).out);
  }
});

test("a reader that goes away", async () => {
  const status = await new Promise((resolve) => {
    const child = spawn("node", [cli, "explain", "--jsonl"], { stdio: "pipe" });
    child.stdin.on("error", () => {});
    child.stdin.end('"a fine film"\n'.repeat(2000));
    child.stdout.once("data", () => child.stdout.destroy());
    child.on("close", resolve);
  });
  assert.is(status, 0);
});

test("wrong usage", async () => {
  const wrong = [
    ["explain"],
    ["explain", "two", "texts"],
    ["nothing", "a"],
    ["explain", "a", "--nothing"],
    ["explain", "a", "--method"],
    ["explain", "a", "--method", "lrp"],
    ["explain", "a", "--at", "logits"],
    ["explain", "a", "--target", "neutral"],
    ["explain", "a", "--target", "0", "--contrast", "negative"],
    ["explain", "a", "--backend", "cuda"],
    ["explain", "a", "--format", "pdf"],
    ["explain", "a", "--json", "--format", "svg"],
    ["explain", "a", "--jsonl"],
    ["explain", "a", "--method", "cp-lrp,lrp"],
    ["explain", "a", "--method", "cp-lrp,"],
    ["explain", "a", "--at", "words,logits"],
    ["explain", "a", "--target", "0", "--target", "2"],
    ["explain", "a", "--target", "0", "--target", "1", "--contrast", "0", "--contrast", "1", "--contrast", "1"],
    ["explain", "a", "--format", "html", "--method", "cp-lrp,attn-lrp"],
    ["explain", "a", "--composite", "/no/such/file"],
    ["explain", "a", "--composite", fileURLToPath(import.meta.url)],
    ["inspect", "a"],
    ["inspect", "--method", "cp-lrp"],
    ["predict", "a", "--target", "0"],
    ["explain", "\u001b[2J", "x\u001b]0;title\u0007"],
  ];
  for (const args of wrong) {
    const { status, out, err } = await relprop(args);
    assert.is(status, 2, `${args}: ${err}`);
    assert.is(out, "");
    assert.match(err, /^relprop: /);
    assert.not.match(err, "\u001b");
  }
});

test("wrong usage says what is meant, and which help has it", async () => {
  const file = join(folder, "reviews.csv");
  writeFileSync(file, "text\na good film\n");
  for (const [args, expected] of [
    [["explane", "a"], /no command "explane"; did you mean `explain`\?\nrelprop --help/],
    [["explain", "a", "--targett", "0"], /no option `--targett`; did you mean `--target`\?/],
    [["predict", "a", "--targe", "0"], /no option `--targe`\nrelprop --help/],
    [["explain", "a", "--method", "smooth-grad"], /did you mean "smoothgrad"\?\nrelprop explain --help/],
    [["evaluate", "a"], /\nrelprop evaluate --help/],
    [["explain", file], /reviews\.csv" is a file, and explain takes a text/],
    [["explain", "--image", file], /not an image; this model reads texts/],
    [["completion", "powershell"], /one of bash, zsh, fish/],
    [["generate", "a", "--target", "all"], /no option `--target`/],
  ] as const) {
    const { err, out } = await relprop([...args]);
    assert.match(err, expected);
    assert.is(out, "");
  }
});

test("short names of methods, every class, words or pieces, completions", async () => {
  assert.is((await explain("a good film", "--method", "ig")).method as string, "integrated-gradients");
  const each = JSON.parse(
    (await relprop(["explain", "a good film", "--target", "all", "--json"])).out,
  ) as Explanation[];
  assert.equal(
    each.map(({ target }) => target.label),
    ["negative", "positive"],
  );
  const pieces = await relprop(["explain", "unflinchingly", "--by", "tokens"]);
  assert.match(pieces.out, "##ly");
  assert.not.match((await relprop(["explain", "unflinchingly"])).out, "##ly");
  const sentences = await relprop(["explain", "It is good. It is bad.", "--groups", "sentences"]);
  assert.match(sentences.out, /\n {2}It is bad\. +[+−]/);
  const { out } = await relprop(["completion", "bash"]);
  const script = `${out}\nCOMP_WORDS=(relprop explain --met) COMP_CWORD=2; _relprop; echo "\${COMPREPLY[@]}"`;
  assert.is(execFileSync("bash", ["-c", script], { encoding: "utf8" }), "--method\n");
  for (const shell of ["zsh", "fish"]) assert.match((await relprop(["completion", shell])).out, "quantize");
});

test("rows of a table are explained into a file, which an interrupted run goes on with", async () => {
  const [data, out] = [join(folder, "many.csv"), join(folder, "many.jsonl")];
  const rows = [...Array(40).keys()].map((i) => `${i % 5},"film ${i}, ${i === 7 ? "long ".repeat(200) : "good"}"`);
  writeFileSync(data, `stars,review\n${rows.join("\n")}\n`);
  const args = ["explain", "--data", data, "--column", "review", "--label", "stars", "--out", out];
  const run = async () => {
    const { status, err } = await relprop(args);
    assert.is(status, 0, err);
    return readFileSync(out, "utf8");
  };
  const whole = await run();
  const lines = whole
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.equal(
    lines.map(({ row, label }) => [row, label]),
    rows.map((_, i) => [i + 1, String(i % 5)]),
  );
  assert.is(lines[7].error.code, "InputTooLong");
  assert.is(lines[8].text, "film 8, good");
  writeFileSync(out, whole.slice(0, whole.indexOf("film 36")));
  const again = (await run())
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.equal(
    again.map(({ row, text }) => [row, text]),
    lines.map(({ row, text }) => [row, text]),
  );
  writeFileSync(data, "review,stars\nanother,1\n");
  const other = await relprop(args);
  assert.is(other.status, 2);
  assert.match(other.err, /line 1 of ".*many\.jsonl" is not of these data/);
});

test("a model on a hub is kept in the user's cache folder, and read from there without a network", async () => {
  let asked = 0;
  const model = fileURLToPath(new URL("../models/sst2-tiny/", import.meta.url));
  const server = createServer(({ url = "" }, response) => {
    asked++;
    const file = join(model, url.replace("/org/name/resolve/main/", ""));
    const found = url.startsWith("/org/name/") && existsSync(file);
    response.writeHead(found ? 200 : 404, { etag: '"1"' }).end(found ? readFileSync(file) : "");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const HF_ENDPOINT = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const env = { HF_ENDPOINT, XDG_CACHE_HOME: join(folder, "cache") };
  const args = ["explain", "a good film", "--json", "--model", "org/name"];
  try {
    const missing = await relprop([...args, "--offline"], "", env);
    assert.is(missing.status, 1);
    assert.match(missing.err, /"org\/name" is not in the cache folder/);
    const first = await relprop(args, "", env);
    assert.is(first.status, 0, first.err);
    assert.is(JSON.parse(first.out).model, "name");
    asked = 0;
    const again = await relprop([...args, "--offline"], "", env);
    assert.is(again.out, first.out, again.err);
    assert.is(asked, 0);
  } finally {
    server.close();
  }
});

test("failed runs", async () => {
  for (const model of ["/no/such/folder", folder, "http://example.com/model"]) {
    const { status, out, err } = await relprop(["explain", "a", "--model", model]);
    assert.is(status, 1, err);
    assert.is(out, "");
    assert.match(err, /^relprop: .*\((MissingFile|OriginDenied)\)/);
  }
});

test("a device without an end is no file", async () => {
  if (!existsSync("/dev/zero")) return console.log("no /dev/zero here: endless files are not tried");
  for (const args of [
    ["explain", "--image", "/dev/zero"],
    ["explain", "a", "--composite", "/dev/zero"],
    ["evaluate", "--data", "/dev/zero"],
  ]) {
    const { status, err } = await relprop(args);
    assert.ok(status === 1 || status === 2, args.join(" "));
    assert.match(err, /^relprop: "\/dev\/zero" cannot be read: it has more than 67108864 bytes/);
  }
});

test("help that teaches", async () => {
  for (const [args, expected] of [
    [[], "relprop explain"],
    [["--help"], "Exit status"],
    [["explain", "--help"], "attn-lrp"],
    [["predict", "-h"], "--jsonl"],
    [["inspect", "--help"], "task"],
    [["--version"], "."],
  ] as const) {
    const { status, out } = await relprop([...args]);
    assert.is(status, 0);
    assert.match(out, expected);
  }
});

test("generate: a text goes on, and each token's explanation", async () => {
  const model = fileURLToPath(new URL("reference/generate/", import.meta.url));
  const plain = await relprop(["generate", "The movie was", "--model", model, "--max-new-tokens", "5"]);
  assert.is(plain.status, 0, plain.err);
  assert.ok(plain.out.startsWith("The movie was"));
  const how = ["--model", model, "--max-new-tokens", "3", "--temperature", "1", "--seed", "7", "--explain", "--json"];
  const { status, out, err } = await relprop(["generate", "The movie was", ...how, "--method", "attn-lrp"]);
  assert.is(status, 0, err);
  const { tokens } = JSON.parse(out);
  assert.is(tokens.length, 3);
  for (const { id, explanation } of tokens)
    assert.equal([explanation.target.index, explanation.method], [id, "attn-lrp"]);
  assert.is((await relprop(["generate", "a", "--model", model, "--explain"])).status, 2);
  const ended = await relprop(["generate", "The movie was", "--model", model, "--stop", "never", "--stop", "z'"]);
  assert.match(ended.out, /!\n$/);
  const told = await relprop([
    "generate",
    "x",
    "--model",
    model,
    "--logprobs",
    "2",
    "--repetition-penalty",
    "1.2",
    "--json",
  ]);
  assert.is(JSON.parse(told.out).tokens[0].likeliest.length, 2, told.err);
  const messages = ["generate", "--messages", '[{"role": "user", "content": "a"}]', "--model", model];
  const { status: failed, err: why } = await relprop(messages);
  assert.is(failed, 1);
  assert.match(why, /chat template.*ChatUnsupported/);
  assert.is((await relprop(["generate", "a"])).status, 2, "a classifier does not");
});

test("lens: a table, JSON", async () => {
  const model = fileURLToPath(new URL("reference/families/gpt2-lm/", import.meta.url));
  const plain = await relprop(["lens", "--model", model, "the sea", "--tokens", "all", "--top", "2"]);
  assert.is(plain.status, 0, plain.err);
  assert.match(plain.out, /at token 0, the\nafter +rank of .+ 1\. +2\.\nembeddings +\d+ .+%\nblock 0 /);
  const { out } = await relprop(["lens", "--model", model, "the sea", "--json", "--target", "3"]);
  const { positions } = JSON.parse(out);
  assert.equal([positions.length, positions[0].layers[0].target.index], [1, 3]);
});

test("diagnose: a table, JSON, a figure; parts cut out; rows and points from a file", async () => {
  const text = "A gorgeous, witty, seductive movie.";
  const plain = await relprop(["diagnose", text, "--tokens", "0,1"]);
  assert.is(plain.status, 0, plain.err);
  assert.match(plain.out, /after +cosine +residual/);
  assert.match(plain.out, /block 2/);
  const { out } = await relprop(["diagnose", text, "--json", "--weights", "--ablate-heads", "0.1,2.3"]);
  const told: Diagnosis = JSON.parse(out);
  assert.equal([told.stream.length, told.blocks.length, told.weights!.length], [4, 3, 20]);
  const to = join(folder, "diagnosis.svg");
  assert.is((await relprop(["diagnose", text, "--format", "svg", "--out", to])).status, 0);
  assert.ok(readFileSync(to, "utf8").startsWith("<svg"));
  const same = fileURLToPath(new URL("../models/sst2-tiny/", import.meta.url));
  const difference: Diagnosis = JSON.parse((await relprop(["diagnose", text, "--json", "--compare-to", same])).out);
  assert.ok(difference.weights!.every(({ norm, stableRank }) => norm === 0 && stableRank === 0));

  const model = fileURLToPath(new URL("../examples/points/model/", import.meta.url));
  const file = join(folder, "cloud.json");
  const points = Array.from({ length: 80 }, (_, i) => [Math.cos(i), Math.sin(i), i / 40 - 1]);
  writeFileSync(file, JSON.stringify({ points }));
  const explained: Explanation = JSON.parse(
    (await relprop(["explain", "--model", model, "--input", file, "--json"])).out,
  );
  assert.is(explained.cloud!.relevance!.length, 80);
  const lines = [
    { id: 1, points },
    { id: 2, points: [[1]] },
    { id: 3, text: "a text" },
  ].map((line) => JSON.stringify(line));
  const answers = (await relprop(["predict", "--model", model, "--jsonl"], lines.join("\n"))).out.trim().split("\n");
  const [first, second, third] = answers.map((line) => JSON.parse(line));
  assert.equal(
    [first.id, first.classes.length, second.error.code, third.error.code],
    [1, 6, "InvalidInput", "InvalidInput"],
  );
  for (const args of [
    ["diagnose", text, "--ablate-heads", "1"],
    ["diagnose", text, "--tokens", "a"],
    ["lens", text],
    ["lens", text, "--tokens", "some"],
    ["lens", text, "--top", "0"],
    ["diagnose", text, "--format", "html"],
    ["diagnose", text, "--num-loops", "2"],
    ["diagnose", text, "--input", file],
    ["predict", "--input", join(folder, "none.json")],
    ["explain", text, "--neurons", "x", "--json"],
    ["explain", text, "--neurons", "0x2", "--json"],
    ["explain", text, "--groups", "letters", "--json"],
    ["explain", text, "--method", "saliency", "--heads", "--json"],
    ["generate", text, "--temperature", ""],
    ["generate", text, "--max-new-tokens", "1e2"],
    ["generate", text, "--min-p", "0.3"],
    ["generate", text, "--stop", ""],
    ["generate", text, "--messages", "[]"],
    ["generate", "--messages", "[}"],
    ["generate", text, "--top-k", "3"], // changes nothing where nothing is drawn
    ["generate", text, "--method", "attn-lrp"], // nor this where nothing is explained
  ]) {
    const { status, err } = await relprop(args);
    assert.is(status, 2, `${args}: ${err}`);
    assert.ok(err.length > 20);
  }
});

test("images: a file, and pictures of it", async () => {
  const model = fileURLToPath(new URL("../models/digits-tiny/", import.meta.url));
  const pixels = { data: new Uint8Array(4 * 256).fill(255), width: 16, height: 16 };
  for (let y = 2; y < 14; y++) pixels.data.fill(0, 4 * (16 * y), 4 * (16 * y + 5));
  const file = join(folder, "one.png");
  writeFileSync(file, encodePng(pixels));
  const image = ["--image", file, "--model", model];
  const { status, out, err } = await relprop(["explain", ...image, "--json", "--pixels"]);
  assert.is(status, 0, err);
  const told: Explanation = JSON.parse(out);
  assert.equal([told.image!.width, told.image!.pixels!.length, told.tokens.length], [16, 64, 17]);
  assert.equal([told.method, told.at], ["attn-lrp-gamma", "pixels"]);
  assert.match((await relprop(["explain", ...image])).out, /read at {2}pixels/);
  assert.match((await relprop(["predict", ...image])).out, /digits-tiny/);
  for (const [format, begin] of [
    ["png", "\x89PNG"],
    ["svg", "<svg"],
    ["html", "<!doctype html>"],
  ]) {
    const to = join(folder, `one.${format}.out`);
    assert.is((await relprop(["explain", ...image, "--format", format, "--out", to])).status, 0, format);
    const content = readFileSync(to, "latin1");
    assert.ok(content.startsWith(begin), format);
    if (format !== "png") assert.ok(content.includes("data:image/png;base64,"));
  }
  assert.is((await relprop(["explain", ...image, "--format", "png"])).status, 2);
  assert.is((await relprop(["explain", "text", ...image])).status, 2);
  assert.is((await relprop(["explain", "--image", join(folder, "none.png"), "--model", model])).status, 1);
});

test("a similarity, by pairs of tokens", async () => {
  const model = fileURLToPath(new URL("reference/families/mpnet-embedding/", import.meta.url));
  const found = await explain("a good movie", "--model", model, "--cosine", "the film", "--interactions");
  assert.is(found.explained!.objective, "cosine");
  assert.is(found.interactions!.relevance.length, found.tokens.length);
  assert.is((await relprop(["explain", "a", "--model", model, "--cosine", "b", "--dot", "b"])).status, 2);
});

test("help explains error codes and commands, whatever their case", async () => {
  const told = await relprop(["help", "missingtensor"]);
  assert.is(told.status, 0);
  assert.match(told.out, /^MissingTensor: .+\n.+\n$/);
  assert.match((await relprop(["help", "inspect"])).out, /^relprop inspect/);
  assert.is((await relprop(["help", "Nothing"])).status, 2);
  assert.is((await relprop(["help", "Dtype", "Shape"])).status, 2);
  const failed = await relprop(["inspect", "--model", "no-such-folder"]);
  assert.match(failed.err, /\(MissingFile\)\nrelprop help MissingFile shows its remedy\n$/);
});

test.run();
