// Our explanation beside PyTorch's on one card: `node bench/gpu/compare.mjs [BERT-base] [rounds]`. The same network with
// the same weights, cp-lrp on both sides (explain.py: eager mode, float32 without TF32, rules as LXT writes them, as
// modified gradients), interleaved round by round; medians of the rounds' ratios, and how far the relevances differ.
//
// It builds nothing where it runs. It needs Node and Python with PyTorch there, and carries dist/,
// node_modules/@huggingface and node_modules/webgpu (of that, dist/linux-x64.dawn.node is enough). The card's Vulkan
// driver has to be visible to Dawn (VK_ICD_FILENAMES); the line with both devices' names says what was compared.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { load } from "../../dist/index.js";
import { gpu } from "../dawn.mjs";
import { checkpoint, randomWeights, shapes, text } from "../random-model.mjs";

const [name = "BERT-base", rounds = "11"] = process.argv.slice(2);
const shape = shapes[name];
if (!shape) throw new Error(`there is no shape ${name}, only ${Object.keys(shapes).join(", ")}`);
const cases =
  name === "tiny"
    ? [
        [1, 16],
        [4, 16],
      ]
    : [
        [1, 16],
        [1, 128],
        [32, 128],
      ];

const folder = mkdtempSync(join(tmpdir(), "relprop-gpu-"));
const files = checkpoint(randomWeights(shape), shape);
writeFileSync(join(folder, "config.json"), files["config.json"]);
writeFileSync(join(folder, "model.safetensors"), Buffer.from(await files["model.safetensors"].arrayBuffer()));
const script = fileURLToPath(new URL("explain.py", import.meta.url));
const peer = spawn("python3", [script, folder], { stdio: ["pipe", "pipe", "inherit"] });
const lines = createInterface({ input: peer.stdout })[Symbol.asyncIterator]();
const answer = async () => {
  const { value, done } = await lines.next();
  if (done) throw new Error("explain.py ended early");
  return JSON.parse(value);
};

try {
  const { device, torch } = await answer();
  const { info } = await gpu.requestAdapter({ powerPreference: "high-performance" });
  const ours = info.description || `${info.vendor} ${info.architecture}`;
  console.log(`${name}, cp-lrp: ours on ${ours}, Node ${process.version}; PyTorch ${torch} eager on ${device}`);
  console.log("  texts    T   rounds   ours ms   PyTorch ms   ours / PyTorch   max |ΔR| / Σ|R|");

  const model = await load(files, { backend: "webgpu", gpu, name });
  for (const [batch, T] of cases) {
    const texts = Array(batch).fill(text(T));
    const ids = [2, ...texts[0].split(" ").map((word) => 5 + "abcd".indexOf(word)), 3];
    const explain = async () => {
      const start = performance.now();
      const explanations = await model.explain(texts, { target: 0 });
      return { ms: performance.now() - start, relevance: explanations[0].tokens.map((token) => token.relevance) };
    };
    const explainThere = () => {
      peer.stdin.write(`${JSON.stringify({ ids, batch, target: 0 })}\n`);
      return answer();
    };
    const [here, there] = [await explain(), await explainThere()]; // warm
    const size = there.relevance.reduce((n, r) => n + Math.abs(r), 0);
    const off = Math.max(...there.relevance.map((r, i) => Math.abs(r - here.relevance[i]))) / size;
    const times = [];
    for (let i = 0; i < Number(rounds); i++) times.push([(await explain()).ms, (await explainThere()).ms]);
    const cells = [
      String(batch).padStart(7),
      String(T).padStart(4),
      rounds.padStart(8),
      median(times.map(([a]) => a))
        .toFixed(2)
        .padStart(9),
      median(times.map(([, b]) => b))
        .toFixed(2)
        .padStart(12),
      median(times.map(([a, b]) => a / b))
        .toFixed(2)
        .padStart(16),
      off.toExponential(1).padStart(17),
    ];
    console.log(cells.join(" "));
  }
  await model.dispose();
} finally {
  peer.stdin.end();
  rmSync(folder, { recursive: true });
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
