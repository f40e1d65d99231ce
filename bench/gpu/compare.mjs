// Our explanation beside PyTorch's on one card: `node bench/gpu/compare.mjs [BERT-base] [rounds]`. The same network with
// the same weights, cp-lrp on both sides (explain.py: eager mode, float32 without TF32, rules as LXT writes them, as
// modified gradients), interleaved round by round; medians of ratios, and how far the relevances differ.
//
// It builds nothing where it runs. It needs Node and Python with PyTorch there, and carries dist/,
// node_modules/@huggingface and node_modules/webgpu (of that, dist/linux-x64.dawn.node is enough). The card's Vulkan
// driver has to be visible to Dawn (VK_ICD_FILENAMES). The line with the devices' names says what was compared.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { load } from "../../dist/index.js";
import { interleave, median, ratio, table } from "../harness.mjs";
import { checkpoint, ids, randomWeights, shapes, text } from "../random-model.mjs";

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
const peer = spawn(process.env.PYTHON ?? "python3", [script, folder], { stdio: ["pipe", "pipe", "inherit"] });
const lines = createInterface({ input: peer.stdout })[Symbol.asyncIterator]();
const answer = async () => {
  const { value, done } = await lines.next();
  if (done) throw new Error("explain.py ended early");
  return JSON.parse(value);
};

try {
  const { device, torch } = await answer();
  const model = await load(files, { backend: "webgpu", name });
  const [gpu] = globalThis.__relpropGpu ?? [navigator.gpu];
  const { info } = await gpu.requestAdapter({ powerPreference: "high-performance" });
  const ours = info.description || `${info.vendor} ${info.architecture}`;

  const rows = [];
  for (const [batch, T] of cases) {
    const texts = Array(batch).fill(text(T));
    const explain = () => model.explain(texts, { target: 0 });
    const explainThere = () => {
      peer.stdin.write(`${JSON.stringify({ ids: ids(T), batch, target: 0 })}\n`);
      return answer();
    };
    const [[{ tokens }], there] = [await explain(), await explainThere()];
    const size = there.relevance.reduce((n, r) => n + Math.abs(r), 0);
    const off = Math.max(...there.relevance.map((r, i) => Math.abs(r - tokens[i].relevance))) / size;
    const times = await interleave({ ours: explain, torch: explainThere }, Number(rounds));
    const ms = (name) => median(times[name]).toFixed(2);
    rows.push([batch, T, ms("ours"), ms("torch"), ratio(times, "ours", "torch"), off.toExponential(1)]);
  }
  await model.dispose();
  console.log(`${name}, cp-lrp, ${rounds} rounds: ours on ${ours}, Node ${process.version}`);
  console.log(`beside PyTorch ${torch}, eager, float32 without TF32, on ${device}\n`);
  console.log(table(["texts", "T", "ours, ms", "PyTorch, ms", "ours / PyTorch", "max |ΔR| / Σ|R|"], rows));
} finally {
  peer.stdin.end();
  rmSync(folder, { recursive: true });
}
process.exit(0);
