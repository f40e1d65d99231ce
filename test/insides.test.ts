// What is inside every family of decoders: layers, heads, neurons, pairs, experts and diagnose(), with keys and values shared by
// groups of heads, windows, parallel halves, norms on outputs, experts. Each is held to what it must add up to.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Explanation, PartsLedger } from "../src/explain/explanation.ts";
import type { PropagationMethod } from "../src/propagation/composites.ts";
import { load } from "../src/runtime/load.ts";
import { type Decoder, decoders, files } from "./decoders.ts";
import { places, runsAll } from "./support.ts";

const method = ["cp-lrp", "attn-lrp", "gradient-x-input"] satisfies PropagationMethod[];
const all = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0);
const size = (values: readonly number[]) => values.reduce((sum, v) => sum + Math.abs(v), 0);

/** Sums of numbers that may cancel: as near as rounding leaves them. */
function near(actual: number, expected: number, of: readonly number[], what: string): void {
  assert.ok(Math.abs(actual - expected) <= 1e-6 * size(of) + 1e-12, `${what}: ${actual} for ${expected}`);
}

function closes({ logit, residual, ...entries }: PartsLedger, of: readonly number[], what: string): void {
  const values = Object.values(entries);
  near(logit - all(values), residual, [logit, ...values], what);
  assert.ok(Math.abs(residual) <= 2e-6 * (size(of) + size(values)), `${what}: residual ${residual}`);
}

const isMixture = ({ file }: Decoder) => file === "mixtures";

/** How far tokens of a block see, themselves among it. */
function window({ config }: Decoder, block: number): number {
  const kinds = config.layer_types as string[] | undefined;
  const slides = kinds ? kinds[block] === "sliding_attention" : config.use_sliding_window !== false;
  return (slides && (config.sliding_window as number | null)) || 1e9;
}

function inside(told: Explanation, one: Decoder, kv: number): void {
  const n = told.tokens.length;
  const where = `${one.name}, ${told.method}`;
  assert.equal(
    told.warnings.filter((warning) => /ledger/.test(warning)),
    [],
    where,
  );
  assert.equal(
    told.layers![0].relevance,
    told.tokens.map(({ relevance }) => relevance),
    where,
  );
  for (const [i, { relevance, ledger }] of told.layers!.entries()) {
    near(all(relevance), ledger.tokens, relevance, `${where}: tokens of layer ${i}`);
    const { tokens, ...others } = ledger;
    closes({ ...others, parts: tokens, stream: 0 }, relevance, `${where}: layer ${i}`);
  }
  const share = told.composite.context === "uniform" ? 1 / 2 : 1;
  for (const [i, { relevance, tokens, ledger }] of told.heads!.entries()) {
    assert.is(relevance.length, one.config.num_attention_heads ?? one.config.n_head);
    near(all(relevance), ledger.parts, tokens.flat(), `${where}: heads of block ${i}`);
    closes(ledger, tokens.flat(), `${where}: heads of block ${i}`);
    const { values, keys, queries } = told.pairs![i];
    assert.is(values.length, relevance.length);
    const through = values.flat(2);
    for (const [h, rows] of values.entries()) {
      const sums = rows.map(all);
      for (const [t, sum] of sums.entries()) {
        near(sum, share * tokens[h][t], through, `${where}: pairs of ${i}.${h}, row ${t}`);
      }
      for (const part of [rows, keys?.[h] ?? []]) {
        part.forEach((row, t) => {
          const unseen = row.filter((_, j) => j > t || j <= t - window(one, i));
          assert.equal(unseen.map(Math.abs), Array(unseen.length).fill(0), `${where}: ${i}.${h} sees what it cannot`);
        });
      }
    }
    assert.is(keys === undefined, told.method === "cp-lrp");
    if (queries) assert.equal([queries.length, queries[0].length], [relevance.length, n]);
  }
  assert.is(told.heads!.length, told.layers!.length - 1);
  assert.ok(relevanceOfGroups(told, kv), where);
  const blocks = [...new Set(told.neurons?.top.map(({ block }) => block))].sort((a, b) => a - b);
  assert.is(told.neurons?.ledgers.length ?? 0, blocks.length);
  for (const [j, block] of blocks.entries()) {
    const parts = told.neurons!.top.filter((neuron) => neuron.block === block).flatMap(({ tokens }) => tokens);
    near(all(parts), told.neurons!.ledgers[j].parts, parts, `${where}: neurons of block ${block}`);
    closes(told.neurons!.ledgers[j], parts, `${where}: neurons of block ${block}`);
  }
}

/** Heads of a group share their values, but not what they do with them. */
function relevanceOfGroups({ heads }: Explanation, kv: number): boolean {
  return heads!.every(({ relevance }) => relevance.length % kv === 0 && new Set(relevance).size === relevance.length);
}

for (const place of places) {
  const test = suite(`inside decoders, on ${place.backend}`);
  // One config of each family, as transformers 5 writes it.
  const families = decoders.filter(({ name }) => /^\w+ \(5\)$/.test(name));
  const some = runsAll(place.backend) ? families : families.filter(({ name }) => /^qwen2_moe/.test(name));

  for (const one of some) {
    test(one.name, async () => {
      const model = await load(files(one), { ...place, deterministic: true });
      const { text } = one.cases[0];
      const { config } = one;
      const heads = (config.num_attention_heads ?? config.n_head) as number;
      const dense = !/^(mixtral|olmoe)/.test(one.name); // blocks of experts alone have no neurons that every token has
      const asked = { method, layers: true, heads: true, pairs: true, ...(dense && { neurons: 1e6 }) };
      const plain = await model.explain(text!, asked);
      for (const told of plain) inside(told, one, (config.num_key_value_heads as number | null) ?? heads);

      const mixes = isMixture(one);
      if (mixes) {
        // The same question as before, but for the experts.
        const [{ experts, tokens }] = await model.explain(text!, { ...asked, experts: true });
        const k = config.num_experts_per_tok as number;
        for (const { block, tokens: choices } of experts!) {
          assert.ok(block < plain[0].heads!.length);
          assert.is(choices.length, tokens.length);
          for (const choice of choices) {
            assert.is(new Set(choice.map(({ expert }) => expert)).size, k);
            const weights = choice.map(({ weight }) => weight);
            assert.ok(
              weights.every((w, i) => w > 0 && w <= (weights[i - 1] ?? 1)),
              `${weights}`,
            );
            const sum = all(weights);
            if (config.norm_topk_prob !== false) assert.ok(Math.abs(sum - 1) < 1e-6, `${sum}`);
            else assert.ok(sum < 1);
          }
        }
        assert.ok(experts!.length);
      }
      const { stream, blocks, tokens } = await model.diagnose(text!, { tokens: [0, 1] });
      assert.is(stream.length, blocks.length + 1);
      for (const [i, { heads: own, gradients, variance }] of blocks.entries()) {
        assert.is(own.length, heads);
        assert.is(variance.length, tokens.length);
        for (const { entropy, mass, massOf } of own) {
          assert.ok(entropy >= 0 && entropy <= Math.log(tokens.length));
          assert.ok(mass! >= 0 && mass! <= 1 + 1e-6);
          // The first token sees itself alone.
          assert.ok(Math.abs(massOf![0] - 1) < 1e-6, `${one.name} ${i}: ${massOf![0]}`);
        }
        assert.ok(gradients.query! > 0 && gradients.key! > 0 && gradients.value! > 0, `${one.name} ${i}`);
      }
      await model.dispose();
    });
  }

  test.run();
}
