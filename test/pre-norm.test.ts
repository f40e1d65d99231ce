// Blocks with norms first in all their forms: halves one after the other or parallel, with a norm of their own or one for both,
// with norms of what they add, with heads normalised one by one. What comes out is held against float64, and the ledgers of
// layers, heads and neurons close in every form.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { part } from "../src/engine/network.ts";
import { blockProbes, breakdown } from "../src/explain/breakdown.ts";
import type { Explanation, Ledger, PartsLedger } from "../src/explain/explanation.ts";
import type { RunNumbers } from "../src/explain/numbers.ts";
import { explanationTrace, ledger } from "../src/explain/trace.ts";
import { history, input, size, type Tensor } from "../src/graph/tensor.ts";
import { above } from "../src/models/encoder.ts";
import type { Network } from "../src/models/family.ts";
import { type PreNorm, preNorm } from "../src/models/pre_norm.ts";
import { activations } from "../src/ops/activation.ts";
import { gate } from "../src/ops/gate.ts";
import { linear } from "../src/ops/linear.ts";
import { rmsNorm } from "../src/ops/norm.ts";
import { selectRow } from "../src/ops/select.ts";
import { methods } from "../src/propagation/composites.ts";
import { backends, close, random, run } from "./support.ts";

const [TEXTS, TOKENS, WIDTH, HEADS, INNER, BLOCKS] = [2, 4, 6, 2, 5, 2];
const EPS = 1e-5;
const LENGTHS = [4, 3];
const CLOSED = 2e-6; // of Σ|R| + Σ|other entries|
const FORWARD = 1e-6;

interface Form {
  /** Norms of what halves read: of each half its own, one for both, or none. */
  read: "both" | "shared" | "none";
  /** Norms of what halves add. */
  added?: boolean;
  /** Norms of queries' and keys' heads. */
  heads?: boolean;
  parallel?: boolean;
}
const forms: Record<string, Form> = {
  "gpt2, llama": { read: "both" },
  olmo2: { read: "none", added: true },
  gemma3: { read: "both", added: true, heads: true },
  gpt_neox: { read: "both", parallel: true },
  "phi, cohere": { read: "shared", parallel: true, heads: true },
  "parallel, with norms of all kinds": { read: "both", added: true, heads: true, parallel: true },
};

const gelu = activations.get("gelu_new")!;

/** The network of a form. The last block computes only the rows that are read, unless `whole`. */
function network({ read, added, heads, parallel }: Form, allRows: boolean): Network {
  const dense = (name: string, out: number) => (x: Tensor) =>
    linear(x, input(`${name}.w`, [out, x.shape[x.shape.length - 1]]), input(`${name}.b`, [out]));
  const norm =
    (name: string, width = WIDTH) =>
    (x: Tensor) =>
      rmsNorm(x, input(name, [width]), EPS);
  const block = (i: number): PreNorm => {
    const own = (name: string) => (heads ? norm(`${i}.${name} norm`, WIDTH / HEADS) : (x: Tensor) => x);
    const add = (name: string) => (added ? norm(`${i}.${name} added`) : (x: Tensor) => x);
    const [q, k, v, o] = ["q", "k", "v", "o"].map((name) => dense(`${i}.${name}`, WIDTH));
    return {
      ...(read !== "none" && { before: norm(`${i}.before`) }),
      ...(read === "both" && { after: norm(`${i}.after`) }),
      up: (x) => gate(gelu(dense(`${i}.gate`, INNER)(x)), dense(`${i}.up`, INNER)(x)),
      down: (x) => add("down")(dense(`${i}.down`, WIDTH)(x)),
      heads: HEADS,
      project: { q: (x) => own("q")(q(x)), k: (x) => own("k")(k(x)), v, o: (x) => add("o")(o(x)) },
      parallel,
    };
  };
  const tokenEmbeddings = input("words", [TEXTS, TOKENS, WIDTH]);
  return above(
    { blocks: BLOCKS, block: (i, read, x, embedded) => preNorm(read, x, embedded, block(i)) },
    { tokenEmbeddings, lengths: input("lengths", [TEXTS]), allRows },
    tokenEmbeddings,
    { readings: [["embeddings", tokenEmbeddings]], read: (x) => selectRow(x, 0), logits: dense("head", 3) },
  );
}

/** The logits of each text by definition. */
function defined(form: Form, data: Record<string, Float32Array>): number[] {
  const dense = (name: string, x: number[]) => {
    const [w, b] = [data[`${name}.w`], data[`${name}.b`]];
    return Array.from(b, (bias, o) => x.reduce((sum, v, c) => sum + v * w[o * x.length + c], bias));
  };
  const norm = (name: string, x: number[]): number[] => {
    const w = data[name];
    if (!w) return x;
    const all: number[] = [];
    for (let from = 0; from < x.length; from += w.length) {
      const own = x.slice(from, from + w.length);
      const by = Math.sqrt(own.reduce((sum, v) => sum + v * v, 0) / w.length + EPS);
      all.push(...own.map((v, c) => (v / by) * w[c]));
    }
    return all;
  };
  const act = (v: number) => (v / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3)));
  const add = (...rows: number[][]) => rows[0].map((_, c) => rows.reduce((sum, row) => sum + row[c], 0));
  return LENGTHS.flatMap((n, text) => {
    let x = Array.from({ length: n }, (_, j) =>
      Array.from(data.words.subarray((text * TOKENS + j) * WIDTH, (text * TOKENS + j + 1) * WIDTH)),
    );
    for (let i = 0; i < BLOCKS; i++) {
      const before = x.map((row) => norm(`${i}.before`, row));
      const [q, k, v] = ["q", "k", "v"].map((name) =>
        before.map((row) => norm(`${i}.${name} norm`, dense(`${i}.${name}`, row))),
      );
      const attended = q.map((query) => {
        const context = query.map(() => 0);
        const d = WIDTH / HEADS;
        for (let h = 0; h < HEADS; h++) {
          const at = [...Array(d).keys()].map((c) => h * d + c);
          const e = k.map((key) => Math.exp(at.reduce((sum, c) => sum + query[c] * key[c], 0) / Math.sqrt(d)));
          const all = e.reduce((sum, one) => sum + one, 0);
          for (const c of at) context[c] = e.reduce((sum, one, j) => sum + (one / all) * v[j][c], 0);
        }
        return norm(`${i}.o added`, dense(`${i}.o`, context));
      });
      const middle = x.map((row, j) => add(row, attended[j]));
      const fed = (form.parallel ? x : middle).map((row, j) => {
        const own = form.parallel && form.read === "shared" ? before[j] : norm(`${i}.after`, row);
        const up = dense(`${i}.up`, own);
        return norm(
          `${i}.down added`,
          dense(
            `${i}.down`,
            dense(`${i}.gate`, own).map((v, c) => act(v) * up[c]),
          ),
        );
      });
      x = middle.map((row, j) => add(row, fed[j]));
    }
    return dense("head", x[0]);
  });
}

const sum = (values: Iterable<number>) => [...values].reduce((n, v) => n + v, 0);
const absolute = (values: Iterable<number>) => sum([...values].map(Math.abs));

function closes({ logit, residual, ...entries }: Ledger | PartsLedger, parts: Iterable<number>, what: string): void {
  const { tokens, parts: whole, ...others } = { tokens: 0, parts: 0, ...entries };
  const scale = absolute(parts) + absolute(Object.values(others));
  close([residual], [0], CLOSED, what, scale);
  close([tokens + whole + sum(Object.values(others))], [logit], CLOSED, what, scale);
}

for (const backend of backends) {
  const test = suite(`blocks with norms first, ${backend.name}`);
  for (const [name, form] of Object.entries(forms)) {
    for (const whole of backend.name === "wasm" ? [true, false] : [true]) {
      test(`${name}, ${whole ? "all rows" : "the rows that are read"} of the last block`, async () => {
        const net = network(form, whole);
        const chosen = ["cp-lrp", "attn-lrp", "gradient-x-input"] as const;
        const composites = chosen.map((method) => methods.get(method)!);
        const trace = explanationTrace(net, composites, 1, true, blockProbes(net, { heads: true, neurons: 99 }));
        const leaves = history([net.logits]).filter((t) => t.name !== undefined);
        const data = Object.fromEntries(leaves.map((t, i) => [t.name!, random(size(t), 7 * i + 1)]));
        data.lengths = Float32Array.from(LENGTHS);
        const request = Float32Array.of(0, 1, 0, 0, 1, 0, -1, 0);
        const found = await run(backend, trace.outputs, { ...data, request });
        close(found.logits, defined(form, data), FORWARD, `logits: ${name}`);

        for (const [m, method] of chosen.entries()) {
          for (const [text, n] of LENGTHS.entries()) {
            const where = `${name}, ${method}, text ${text}`;
            const mine = (output: string) => part(found[output], text, TEXTS);
            const logit = sum(mine("seed").map((weight, c) => weight * mine("logits")[c]));
            const backward = trace.backwardPasses[m];
            for (const [i, layer] of backward.layers.entries()) {
              closes(ledger(layer, logit, mine), mine(layer.rows[0]!), `layers: ${i} of ${where}`);
            }
            const numbers: RunNumbers = { trace, backward, composite: composites[m], forward: mine, mine, logit };
            const tokens = Array.from({ length: n }, () => ({}));
            const told = { text: "", tokens, warnings: [] as string[] } as Explanation;
            const { heads, neurons } = breakdown(told, numbers, { heads: true, neurons: 99 });
            for (const i of Array(BLOCKS).keys()) {
              closes(heads![i].ledger, heads![i].tokens.flat(), `heads: ${i} of ${where}`);
              const own = neurons!.top.filter(({ block }) => block === i).flatMap(({ tokens }) => tokens);
              closes(neurons!.ledgers[i], own, `neurons: ${i} of ${where}`);
              assert.is(own.length, INNER * n);
            }
          }
        }
      });
    }
  }
  test.run();
}
