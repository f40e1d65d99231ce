// Our prediction and explanations beside others' prediction, and gradient where they have one, of the same network with
// the same random weights: interleaved, medians of ratios with their quartiles. What does not run here is named.
//
//   npm run bench -- peers [--model MiniLM-L6|BERT-base] [--tokens 16,32,128] [--threads 1] [--rounds 11]
//                          [--peers ort-web,ort-web-q8,ort-node,tfjs,jax] [--backend wasm|webgpu]

import { load } from "../dist/index.js";
import { attempt, done, floor, interleave, list, median, numbers, options, ratio, runtime, table } from "./harness.mjs";
import { checkpoint, embeddings, randomWeights, shapes, text } from "./random-model.mjs";

const asked = options({
  model: "MiniLM-L6",
  tokens: "16,32,128",
  threads: "1",
  rounds: "11",
  peers: "ort-web,ort-web-q8",
  backend: "wasm",
});
const shape = shapes[asked.model];
if (!shape) throw new Error(`there is no shape ${asked.model}, only ${Object.keys(shapes).join(", ")}`);
const threads = Number(asked.threads);
const { backend } = asked;

/** Listed one by one, for the page's bundler to see. */
const modules = {
  "ort-web": () => import("./peers/ort-web.mjs"),
  "ort-web-q8": () => import("./peers/ort-web-q8.mjs"),
  "ort-node": () => import("./peers/ort-node.mjs"),
  tfjs: () => import("./peers/tfjs.mjs"),
  jax: () => import("./peers/jax.mjs"),
};

const weights = randomWeights(shape);
const files = checkpoint(weights, shape);
const open = (threads) => load(files, { backend, threads, name: asked.model });
const model = await open(threads);
const single = threads > 1 ? await open(1) : undefined;
const rows = [];
const notes = new Map();
for (const T of numbers(asked.tokens)) {
  const words = text(T);
  const x = embeddings(weights, shape, T);
  const { logits, relevance } = await ours(words);
  const runs = {
    forward: () => model.predict(words),
    "cp-lrp": () => model.explain(words, { method: "cp-lrp" }),
    "attn-lrp": () => model.explain(words, { method: "attn-lrp" }),
  };
  if (single) runs["cp-lrp, 1 thread"] = () => single.explain(words, { method: "cp-lrp" });
  const stops = [];
  for (const peer of list(asked.peers)) {
    const { it, why } = await attempt(async () => {
      const { name, start } = await modules[peer]();
      const started = await start({ weights, shape, T, x, threads, provider: backend });
      const off = apart(await started.forward(), logits);
      let gradient = "";
      if (started.gradient) gradient = `, x · gradient ${apart(timesInput(await started.gradient(), x), relevance)}`;
      return { ...started, about: `${name}: logits within ${off} of ours${gradient}` };
    });
    notes.set(peer, it?.about ?? `${peer} does not run here: ${why}`);
    if (!it) continue;
    runs[peer] = it.forward;
    if (it.gradient) runs[`${peer} gradient`] = it.gradient;
    stops.push(it.stop);
  }
  const rounds = Math.ceil(Number(asked.rounds) / (T > 256 ? 2 : 1));
  const times = await interleave(runs, rounds);
  for (const stop of stops) await stop();

  for (const what of ["forward", "cp-lrp", "attn-lrp"]) {
    const over = floor[what]?.(shape.width, T).toFixed(2) ?? "";
    const own = what === "forward" ? "" : ratio(times, what, "forward");
    const others = list(asked.peers).flatMap((peer) => {
      return [ratio(times, what, peer), ...(/tfjs|jax/.test(peer) ? [ratio(times, what, `${peer} gradient`)] : [])];
    });
    rows.push([T, what, rounds, median(times[what]).toFixed(0), own, over, ...others]);
  }
  if (single)
    notes.set(
      `threads ${T}`,
      `T ${T}: cp-lrp, ${threads} threads / 1 thread: ${ratio(times, "cp-lrp", "cp-lrp, 1 thread")}`,
    );
}
await model.dispose();
await single?.dispose();

const facts = `${asked.model} (${shape.layers} × ${shape.width}), ${runtime()}, ${backend}, threads ${threads}`;
console.log(`${facts}: medians of ratios (quartiles)\n`);
const others = list(asked.peers).flatMap((peer) => {
  return [`/ ${peer}`, ...(/tfjs|jax/.test(peer) ? [`/ ${peer} gradient`] : [])];
});
console.log(table(["T", "ours", "rounds", "ms", "/ own forward", "arithmetic", ...others], rows));
for (const note of notes.values()) console.log(`\n${note}`);
done();

async function ours(words) {
  const { classes, tokens } = await model.explain(words, { method: "gradient-x-input", target: 0 });
  return { logits: classes.map(({ logit }) => logit), relevance: tokens.map((token) => token.relevance) };
}

/** Relevance by token, of a gradient [T, width]. */
function timesInput(gradient, x) {
  const sums = new Array(x.length / shape.width).fill(0);
  gradient.forEach((g, i) => {
    sums[Math.floor(i / shape.width)] += g * x[i];
  });
  return sums;
}

/** max |Δ| */
function apart(theirs, mine) {
  return Math.max(...mine.map((v, i) => Math.abs(v - theirs[i]))).toExponential(0);
}
