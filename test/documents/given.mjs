// What blocks of the documents may use without saying where it comes from, and the files that they read.

import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { encode } from "fast-png";

const at = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const reference = (path) => readFileSync(at(`test/reference/${path}`));

/** The models by the name of their folder. */
const folders = {
  "my-model": "models/sst2-tiny",
  "models/sst2-tiny": "models/sst2-tiny",
  "models/digits-tiny": "models/digits-tiny",
  ner: "test/reference/families/bert-token",
  qa: "test/reference/families/bert-qa",
  filler: "test/reference/families/bert-mlm",
  gpt2: "test/reference/families/gpt2-lm",
  minilm: "test/reference/families/mpnet-embedding",
  shapes: "examples/points/model",
};

/** A seven of 8 × 8 pixels, white on black. */
const seven = "........ .######. .....##. ....##.. ...##... ..##.... ..##.... ........".split(" ").join("");
const png = encode({ width: 8, height: 8, channels: 1, data: Uint8Array.from(seven, (c) => (c === "#" ? 255 : 0)) });

/** Writes the files that blocks read into a folder. */
export function prepare(folder) {
  for (const [name, path] of Object.entries(folders)) cpSync(at(path), `${folder}/${name}`, { recursive: true });
  chat(`${folder}/smollm`);
  loops(`${folder}/looped`);
  const texts = ["A gorgeous, witty, seductive movie.", "not a bad movie", "The plot is thin."];
  const files = {
    "texts.jsonl": texts.map((text) => `${JSON.stringify(text)}\n`).join(""),
    "reviews.csv": `text,label\n${texts.map((text, i) => `"${text}",${i ? "negative" : "positive"}\n`).join("")}`,
    "reviews.tsv": `sentence\tlabel\n${texts.map((text, i) => `${text}\t${i ? 0 : 1}\n`).join("")}`,
    "rules.json": '{"norm": "identity", "context": "values"}\n',
    "prompt.json": JSON.stringify({ rows }),
    "seven.png": png,
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(`${folder}/${name}`, content);
}

/** A tiny Llama with a chat template. */
function chat(folder) {
  const { cases } = JSON.parse(reference("chat.json"));
  const { config } = JSON.parse(reference("decoders.json")).decoders.find(({ name }) => name === "llama (5)");
  const { template } = cases.find(({ template }) => template.includes("<|im_start|>"));
  const tokenizer = String(reference("decoders/tokenizer.json"))
    .replaceAll("[CLS]", "<|im_start|>")
    .replaceAll("[SEP]", "<|im_end|>");
  mkdirSync(folder);
  writeFileSync(`${folder}/config.json`, JSON.stringify({ ...config, max_position_embeddings: 512 }));
  writeFileSync(`${folder}/model.safetensors`, reference("decoders/llama/model.safetensors"));
  writeFileSync(`${folder}/tokenizer.json`, tokenizer);
  writeFileSync(`${folder}/tokenizer_config.json`, JSON.stringify({ chat_template: template }));
}

/** Examples (x₁, x₂, y) of y = 2x₁ − x₂, and a query. */
export const rows = [
  [1, 0, 2],
  [0, 1, -1],
  [1.5, 0.5, 0],
];

/** Steps of gradient descent on a linear regression, as examples/in-context writes them. */
function loops(folder) {
  const square = (value) => new Float32Array(9).map((_, k) => value(Math.floor(k / 3), k % 3));
  const tensors = {
    "layers.0.attention.query.weight": square((i, j) => (i === j && i < 2 ? -0.4 : 0)),
    "layers.0.attention.output.weight": square((i, j) => Number(i === 2 && j === 2)),
  };
  let end = 0;
  const header = Object.entries(tensors).map(([name, { byteLength }]) => {
    end += byteLength;
    return [name, { dtype: "F32", shape: [3, 3], data_offsets: [end - byteLength, end] }];
  });
  const json = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const config = {
    model_type: "looped_linear_transformer",
    architectures: ["LoopedLinearForTabularRegression"],
    hidden_size: 3,
    num_hidden_layers: 1,
    num_attention_heads: 1,
    loops: 4,
  };
  mkdirSync(folder);
  writeFileSync(`${folder}/config.json`, JSON.stringify(config));
  const data = Object.values(tensors).map(({ buffer }) => Buffer.from(buffer));
  writeFileSync(`${folder}/model.safetensors`, Buffer.concat([length, json, ...data]));
}

/** The model on example.org and on the hub, in place of the network. */
async function download(url) {
  const { hostname, pathname } = new URL(url);
  const isThere = hostname === "example.org" || pathname.startsWith("/org/name/");
  const file = `my-model/${pathname.split("/").at(-1)}`;
  return isThere && existsSync(file) ? new Response(readFileSync(file)) : new Response("", { status: 404 });
}

/** Sets the globals of given.d.ts, of the models in the folder. */
export async function give({ load, html, svg }, folder) {
  const open = (name) => load(`${folder}/${name}`, { backend: "wasm" });
  const names = { model: "my-model", digits: "models/digits-tiny", chat: "smollm" };
  for (const name of ["ner", "qa", "filler", "gpt2", "minilm", "looped", "shapes"]) names[name] = name;
  for (const [name, from] of Object.entries(names)) globalThis[name] = await open(from);
  const text = "A gorgeous, witty, seductive movie.";
  const turn = (i) => (i * 2.399963) % 6.283185;
  Object.assign(globalThis, {
    fetch: download,
    load,
    html,
    svg,
    text,
    texts: [text, "not a bad movie"],
    messages: [{ role: "user", content: "the sea" }],
    explanation: await model.explain(text),
    diagnosis: await model.diagnose(text),
    file: new Uint8Array(readFileSync(`${folder}/seven.png`)),
    rows,
    points: Array.from({ length: 256 }, (_, i) => [Math.cos(turn(i)), Math.sin(turn(i)), (i / 128 - 1) * 0.9]),
  });
}
