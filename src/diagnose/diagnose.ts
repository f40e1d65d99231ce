// What goes on inside a model while it reads a text: whether its tokens become alike, what attention looks at, which weights
// learn. Any checkpoint can be asked.

import type { Engine, ProbeResult } from "../engine/engine.ts";
import type { Trace } from "../engine/network.ts";
import { quote, RelpropError, throwIfAborted } from "../errors.ts";
import { resolvedWeights } from "../explain/objective.ts";
import { cols, input, rows, type Tensor } from "../graph/tensor.ts";
import type { Encoded, Input } from "../inputs/encoded.ts";
import type { Network } from "../models/family.ts";
import { contextT } from "../ops/attention.ts";
import { dot } from "../ops/dot.ts";
import { reshape } from "../ops/reshape.ts";
import { seed } from "../ops/seed.ts";
import { propagate } from "../propagation/propagate.ts";
import { scored } from "../tasks/scores.ts";
import type { Diagnosis } from "./diagnosis.ts";
import { readMatrices, weightStatistics } from "./matrices.ts";
import type { DiagnosisOptions } from "./options.ts";
import { blocks, type Inside, streams } from "./statistics.ts";

/** Each text's; `compareTo` is the engine of the model of that option. @internal */
export async function diagnose(
  engine: Engine,
  texts: readonly Input[],
  options: DiagnosisOptions,
  compareTo: Engine | undefined,
): Promise<Diagnosis[]> {
  const { task, labels } = engine.architecture;
  const { signal } = options;
  const [request] = await task.targetWeights(labels, { ...options, objective: {} }); // numbers of an embedding may be asked for, or the first one is
  const encoded = await task.selectTokens(engine, await engine.encode(texts, options), { signal });
  const own = options.weights || compareTo ? await readMatrices(engine, options.numLoops, signal) : undefined;
  const weights =
    own &&
    (await weightStatistics(own, compareTo && (await readMatrices(compareTo, options.numLoops, signal)), signal));
  const results: Diagnosis[] = [];
  for (const one of encoded) {
    throwIfAborted(signal);
    const [logits] = await engine.predict([one], signal);
    const seen = await captureRun(engine, one, resolvedWeights(request, logits), signal);
    const { of } = scored(engine.info, logits);
    const less = request.indexOf(-1);
    results.push({
      text: one.text,
      model: engine.info.model,
      backend: engine.info.backend,
      tokens: one.tokens,
      target: of(resolvedWeights(request, logits).reduce((most, v, c, all) => (v > all[most] ? c : most), 0)),
      ...(less >= 0 && { contrast: of(less) }),
      stream: await streams(engine, seen, signal),
      blocks: await blocks(seen, checked(options.tokens, one), own, signal),
      ...(weights && { weights }),
      warnings: one.warnings,
    });
  }
  return results;
}

function checked(tokens: readonly number[] | undefined, { tokens: { length: n } }: Encoded) {
  const odd = tokens?.find((j) => j >= n);
  if (odd === undefined) return tokens;
  throw new RelpropError("InvalidOption", `there is no token ${quote(odd)}; this text has 0 to ${n - 1}`);
}

/** The dense layer that projects the stream to `x`, normalised, rotated or mixed at most; none where nothing is projected. */
function projecting(stream: readonly Tensor[], x: Tensor | undefined): Tensor | undefined {
  let at = x;
  while (at?.op.rowwise && !stream.includes(at)) {
    if (at.op.rowwise === "dense") return at;
    at = at.inputs[0];
  }
  return undefined;
}

/** One run: the stream, attention weights and outputs, and for each projection the rows of squares of its gradient. */
async function captureRun(
  engine: Engine,
  one: Encoded,
  request: Float32Array,
  signal?: AbortSignal,
): Promise<ProbeResult<Inside>> {
  const { weights = {} } = engine.architecture.energy ?? {};
  const trace = (net: Network): Inside => {
    const outputs: Trace["outputs"] = {};
    const enter = (name: string, x: Tensor) => {
      outputs[name] = x;
      return name;
    };
    const start = seed(net.logits, input("request", [1, request.length + 1]));
    const { gradients } = propagate(net.logits, start, [net.readings.get("embeddings")!], {});
    /** Of the gradient of the matrix that a tensor is projected by, the squares' sum in each row. */
    const squares = (name: string, projected: Tensor | undefined) => {
      const layer = projecting(net.stream, projected);
      const g = layer && gradients.get(layer);
      if (!g) return undefined;
      const x = layer.inputs[0];
      // gᵀ x: of each row of W the sum over tokens.
      const gradient = contextT(reshape(g, [1, 1, rows(g), cols(g)]), reshape(x, [1, rows(x), cols(x)]), {
        kv: 1,
        scale: 1,
      });
      return enter(name, dot(gradient, gradient));
    };
    return {
      outputs,
      stream: net.stream.map((x, i) => enter(`stream ${i}`, x)),
      blocks: net.blocks.map(({ weights, attentionOutput, queries, keys, values }, i) => ({
        weights: enter(`weights ${i}`, weights!),
        attentionOutput: enter(`attentionOutput ${i}`, attentionOutput!),
        squares: {
          query: squares(`query ${i}`, queries),
          key: squares(`key ${i}`, keys),
          value: squares(`value ${i}`, values),
        },
      })),
      energy: new Map(Object.entries(weights).map(([name, w]) => [name, enter(`energy ${name}`, w)])),
    };
  };
  const network = { allRows: true, recompute: false };
  const data = () => ({ request: Float32Array.from([...request, 0]) });
  const [seen] = await engine.probe([one], { kind: "diagnose", network, trace, data, rows: one.tokens.length }, signal);
  return seen;
}
