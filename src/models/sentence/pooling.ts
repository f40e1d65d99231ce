// Pooling: how the vectors of a text's tokens become one.

import type { Data } from "../../backends/backend.ts";
import { RelpropError } from "../../errors.ts";
import { cols, input, type Tensor } from "../../graph/tensor.ts";
import type { Encoded } from "../../inputs/encoded.ts";
import { context } from "../../ops/attention.ts";
import { add } from "../../ops/elementwise.ts";
import { reshape } from "../../ops/reshape.ts";
import { segmentMax } from "../../ops/segments.ts";
import { unsupported } from "./modules.ts";

type Json = Readonly<Record<string, unknown>>;

/** Weights of rows `from` to `n` of a text, by the mode that they make; of `max` there are none. */
const modes = {
  cls: (from: number, n: number) => [1, ...Array(n - from - 1).fill(0)],
  max: () => [],
  mean: (from: number, n: number) => Array(n - from).fill(1 / (n - from)),
  mean_sqrt_len_tokens: (from: number, n: number) => Array(n - from).fill(1 / Math.sqrt(n - from)),
  weightedmean: (from: number, n: number) => {
    const all = ((n + from + 1) * (n - from)) / 2; // Σ of the places from + 1 to n
    return Array.from({ length: n - from }, (_, k) => (from + k + 1) / all);
  },
  lasttoken: (from: number, n: number) => [...Array(n - from - 1).fill(0), 1],
};

export type Mode = keyof typeof modes;

/** The flags of older files, in the order in which vectors are joined. */
const FLAGS: Record<string, Mode> = {
  pooling_mode_cls_token: "cls",
  pooling_mode_max_tokens: "max",
  pooling_mode_mean_tokens: "mean",
  pooling_mode_mean_sqrt_len_tokens: "mean_sqrt_len_tokens",
  pooling_mode_weightedmean_tokens: "weightedmean",
  pooling_mode_lasttoken: "lasttoken",
};

/** The modes of a Pooling module's config; the mean where it names none. */
export function pooling(config: Json, file: string): { modes: Mode[]; includePrompt: boolean } {
  const own = (name: string) => (Object.hasOwn(config, name) ? (config[name] ?? undefined) : undefined);
  const flagged = Object.keys(FLAGS).filter((flag) => own(flag) === true);
  const odd = Object.keys(config).find(
    (key) => /^pooling_mode_/.test(key) && !Object.hasOwn(FLAGS, key) && config[key],
  );
  if (odd) throw unsupported(file, odd, config[odd], `supported are ${Object.keys(FLAGS).join(", ")}`);
  const names = [own("pooling_mode") ?? flagged.map((flag) => FLAGS[flag])].flat();
  const unknown = names.find((mode) => !Object.hasOwn(modes, String(mode)));
  if (unknown !== undefined || names.length > Object.keys(modes).length) {
    throw unsupported(file, "pooling_mode", own("pooling_mode"), `supported are ${Object.keys(modes).join(", ")}`);
  }
  return { modes: names.length ? (names as Mode[]) : ["mean"], includePrompt: own("include_prompt") !== false };
}

/**
 * What the network is fed to pool each text's rows: `pooling` [batch, 1, modes, t], weights by mode; `max_row` [1, 1, modes, 1],
 * 1 where the maximum belongs; `pooled_rows` [batch, 1, t, t], rows that are pooled in their own places and the first of them in
 * all others, which so never win. The first `skip` tokens are not pooled.
 *
 * @internal
 */
export function poolingData(batch: readonly Encoded[], t: number, all: readonly Mode[], skip: number): Data {
  const weights = new Float32Array(batch.length * all.length * t);
  const max = all.includes("max");
  const rows = new Float32Array(max ? batch.length * t * t : 0);
  batch.forEach(({ tokens: { length: n }, text }, i) => {
    if (skip >= n) {
      const message = `${JSON.stringify(text)} has no token to pool: its ${n} tokens are the prompt's`;
      throw new RelpropError("EmptyInput", message, { tokens: n, prompt: skip });
    }
    all.forEach((mode, k) => {
      weights.set(modes[mode](skip, n), (i * all.length + k) * t + skip);
    });
    for (let j = 0; max && j < t; j++) rows[(i * t + j) * t + (j >= skip && j < n ? j : skip)] = 1;
  });
  const place = Float32Array.from(all, (mode) => Number(mode === "max"));
  return { pooling: weights, ...(max && { pooled_rows: rows, max_row: place }) };
}

/** Which rows of the last block are read, as weights of all rows: those of the modes, or every one where their maximum is. */
export function readRows(batch: number, t: number, all: readonly Mode[]): Tensor {
  return all.includes("max") ? input("pooled_rows", [batch, 1, t, t]) : input("pooling", [batch, 1, all.length, t]);
}

/** The vectors of all modes side by side [batch, 1, modes·d], of the rows that are read. */
export function pool(rows: Tensor, all: readonly Mode[]): Tensor {
  const [batch, t] = rows.shape;
  const k = all.length;
  const joined = (parts: Tensor) => (k === 1 ? parts : reshape(parts, [batch, 1, k * cols(rows)]));
  if (!all.includes("max")) return joined(rows);
  const largest = segmentMax(rows, t);
  if (k === 1) return largest;
  const linear = context(input("pooling", [batch, 1, k, t]), rows);
  return joined(add(linear, context(input("max_row", [1, 1, k, 1]), largest)));
}
