// Word and position embeddings as siblings: relevance of both is their sum's, token by token, in every family that adds them
// up, and what a ledger read at words has kept under positions is the relevance of the positions.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine } from "../src/engine/engine.ts";
import { part } from "../src/engine/network.ts";
import { type ExplanationTrace, explanationTrace, ledger } from "../src/explain/trace.ts";
import { history, type Tensor } from "../src/graph/tensor.ts";
import type { Network } from "../src/models/family.ts";
import { methods } from "../src/propagation/composites.ts";
import { read } from "../src/runtime/load.ts";
import { close, places } from "./support.ts";

const FAMILIES = ["bert-sequence", "roberta-sequence", "gpt2-sequence"];
const METHODS = ["cp-lrp", "attn-lrp", "gradient-x-input"] as const;
const CLOSED = 2e-6; // of Σ|R| + Σ|entries|

const sum = (values: Iterable<number>) => [...values].reduce((n, v) => n + v, 0);
const size = (values: Iterable<number>) => sum([...values].map(Math.abs));

/** The network with both embeddings at `words`, as if two inputs had to be read. */
function both(net: Network): Network {
  const [words] = net.readings.get("words")!;
  const positions = history([net.logits]).find(({ name }) => name === "positionEmbeddings") as Tensor;
  return { ...net, readings: new Map([...net.readings, ["words", [words, positions]]]) };
}

for (const place of places) {
  const test = suite(`siblings on ${place.backend}`);
  for (const family of FAMILIES) {
    test(family, async () => {
      const folder = new URL(`reference/families/${family}/`, import.meta.url);
      const engine = new Engine(await read(folder, { ...place, deterministic: true }));
      const encoded = await engine.encode(["the sea", "so sing, the seas"]);
      const composites = METHODS.map((name) => methods.get(name)!);
      const classes = engine.info.labels.length;
      const request = Float32Array.from({ length: encoded.length * (classes + 1) }, (_, i) =>
        Number(i % (classes + 1) === 1),
      );
      const rows = Math.max(...encoded.map(({ tokens }) => tokens.length));
      const run = async (kind: string, of: (net: Network) => Network) => {
        const trace = (net: Network) => explanationTrace(of(net), composites);
        const look = { kind, trace, data: () => ({ request }) };
        return engine.run<ExplanationTrace>(encoded, rows, look);
      };
      const alone = await run("alone", (net) => net);
      const together = await run("together", both);
      for (const [m, method] of METHODS.entries()) {
        for (const [i, { tokens }] of encoded.entries()) {
          const where = `${family}, ${method}, text ${i}`;
          const of = ({ trace, data }: typeof alone, at: "words" | "embedding-sum") => {
            const mine = (output: string) => part(data[output], i, encoded.length);
            const reading = trace.backwardPasses[m].readings.get(at)!;
            const seed = mine("seed");
            const logits = mine("logits");
            const logit = seed.reduce((total, weight, c) => total + weight * logits[c], 0);
            return { rows: reading.rows.map((rows) => mine(rows!)), ledger: ledger(reading, logit, mine) };
          };
          const [whole, words] = [of(together, "embedding-sum"), of(together, "words")];
          const [ofWords, ofPositions] = words.rows;
          const { logit, residual, ...entries } = words.ledger;
          const scale = size(ofWords) + size(ofPositions) + size(Object.values(entries));
          const added = ofWords.map((r, j) => r + ofPositions[j]);
          close(added, whole.rows[0], CLOSED, `by token: ${where}`, scale);
          close([residual], [0], CLOSED, `the ledger: ${where}`, scale);
          const kept = of(alone, "words");
          close(kept.rows[0], ofWords, CLOSED, `words alone: ${where}`, scale);
          const constants = kept.ledger.constants - whole.ledger.constants;
          close([sum(ofPositions)], [constants], CLOSED, `positions: ${where}`, scale);
          assert.is(words.ledger.constants, whole.ledger.constants, where);
          assert.ok(size(ofPositions.subarray(0, tokens.length)) > 1e-3 * size(ofWords), where);
        }
      }
      await engine.dispose();
    });
  }
  test.run();
}
