import { RelpropError } from "../errors.ts";
import { uniform } from "../random.ts";
import type { Method } from "./method.ts";
import { baselines } from "./options.ts";

/**
 * Shapley values of f as a game in which tokens that do not play are left out (Lundberg and Lee 2017, arXiv 1705.07874,
 * Theorem 2), by least squares over coalitions: all of them where `samples` suffice, else as many, drawn by the kernel's
 * weights in pairs with their opposites; 0 samples are 2·M + 2048. Special tokens always play, and get 0.
 * Efficient: the numbers add up to f(x) − f(nobody). Throws `InvalidOption` if `samples` is too small to determine M numbers.
 */
export const kernelShap: Method<"kernel-shap"> = {
  signed: true,
  perturbs: true,
  slow: true,
  options: { samples: 0, baseline: "mask", seed: 0 },
  choices: { baseline: baselines },
  async run(view, { samples, baseline, seed }) {
    const none = view.baselineId(baseline);
    const players = view.tokens.flatMap(({ special }, j) => (special ? [] : [j]));
    const masked = (coalition: ArrayLike<number>) => {
      const ids = view.ids;
      players.forEach((j, i) => {
        if (!coalition[i]) ids[j] = none;
      });
      return ids;
    };
    const [nobody] = await view.f([masked(players.map(() => 0))]);
    const relevance = view.tokens.map(() => 0);
    const total = view.logit - nobody;
    if (!players.length) return { relevance };

    const { coalitions, weights } = chosen(players.length, samples || 2 * players.length + 2048, seed);
    const values = (await view.f(coalitions.map(masked))).map((f) => f - nobody);
    const found = shapley(coalitions, weights, values, total);
    players.forEach((j, i) => {
      relevance[j] = found[i];
    });
    return { relevance, completeness: { total, error: total - relevance.reduce((a, b) => a + b, 0) } };
  },
};

/** Coalitions of `m` players that are neither empty nor whole, and their weights. */
export function chosen(m: number, samples: number, seed: number): { coalitions: Uint8Array[]; weights: number[] } {
  const known = determined(m);
  const coalitions: Uint8Array[] = [];
  const weights: number[] = [];
  if (m < 31 && 2 ** m - 2 <= samples) {
    for (let bits = 1; bits < 2 ** m - 1; bits++) {
      const one = Uint8Array.from({ length: m }, (_, i) => (bits >> i) & 1);
      const size = one.reduce((n, plays) => n + plays, 0);
      coalitions.push(one);
      weights.push((m - 1) / (choose(m, size) * size * (m - size)));
    }
    return { coalitions, weights };
  }
  const next = uniform(seed);
  // How often each size is drawn: its kernel weight times how many coalitions have it.
  const sizes = Array.from({ length: m - 1 }, (_, i) => (m - 1) / ((i + 1) * (m - 1 - i)));
  const total = sizes.reduce((a, b) => a + b, 0);
  while (coalitions.length < samples || !known.all()) {
    let at = next() * total;
    let size = 1;
    while (size < m - 1 && at >= sizes[size - 1]) at -= sizes[size++ - 1];
    const order = Array.from({ length: m }, (_, i) => i);
    const one = new Uint8Array(m);
    for (let i = 0; i < size; i++) {
      const j = i + Math.floor(next() * (m - i));
      [order[i], order[j]] = [order[j], order[i]];
      one[order[i]] = 1;
    }
    known.add(one);
    coalitions.push(
      one,
      one.map((plays) => 1 - plays),
    );
    weights.push(1, 1);
  }
  if (coalitions.length > samples + 1) {
    const message = `${samples} samples do not determine the Shapley values of ${m} tokens: kernel-shap needs ${coalitions.length} with this seed (0 is 2 · tokens + 2048)`;
    throw new RelpropError("InvalidOption", message, { samples: coalitions.length });
  }
  return { coalitions, weights };
}

/**
 * Whether coalitions of `m` players determine the solution of shapley(): their rows, less the last player's entry, must
 * have rank m − 1. A coalition's opposite has the same row but for its sign.
 */
function determined(m: number): { add(coalition: Uint8Array): void; all(): boolean } {
  const pivots: (Float64Array | undefined)[] = Array(m - 1);
  let rank = 0;
  return {
    all: () => rank === m - 1,
    add(coalition) {
      if (rank === m - 1) return;
      const row = Float64Array.from({ length: m - 1 }, (_, i) => coalition[i] - coalition[m - 1]);
      for (let i = 0; i < m - 1; i++) {
        if (Math.abs(row[i]) < 1e-9) continue; // rounding of numbers that are 0 or at least of size 1 / a determinant
        const pivot = pivots[i];
        if (!pivot) {
          pivots[i] = row.map((v) => v / row[i]);
          rank++;
          return;
        }
        const factor = row[i];
        for (let c = i; c < m - 1; c++) row[c] -= factor * pivot[c];
      }
    },
  };
}

function choose(m: number, k: number): number {
  let ways = 1;
  for (let i = 1; i <= k; i++) ways = (ways * (m - k + i)) / i;
  return ways;
}

/** The φ with Σφ = `whole` that come nearest to Σ over a coalition's players = its value, by weight. */
export function shapley(
  coalitions: readonly ArrayLike<number>[],
  weights: readonly number[],
  values: readonly number[],
  whole: number,
): number[] {
  const m = coalitions[0]?.length ?? 1;
  if (m === 1) return [whole];
  // The last player's number follows from the others', which leaves m − 1 normal equations.
  const size = m - 1;
  const a = Array.from({ length: size }, () => new Float64Array(size + 1));
  coalitions.forEach((one, s) => {
    const last = one[m - 1];
    const y = values[s] - last * whole;
    for (let i = 0; i < size; i++) {
      const xi = one[i] - last;
      if (!xi) continue;
      for (let j = 0; j < size; j++) a[i][j] += weights[s] * xi * (one[j] - last);
      a[i][size] += weights[s] * xi * y;
    }
  });
  for (let i = 0; i < size; i++) {
    let best = i;
    for (let r = i + 1; r < size; r++) if (Math.abs(a[r][i]) > Math.abs(a[best][i])) best = r;
    [a[i], a[best]] = [a[best], a[i]];
    for (let r = i + 1; r < size; r++) {
      const factor = a[r][i] / a[i][i];
      for (let c = i; c <= size; c++) a[r][c] -= factor * a[i][c];
    }
  }
  const found = new Array<number>(m).fill(0);
  for (let i = size - 1; i >= 0; i--) {
    let rest = a[i][size];
    for (let j = i + 1; j < size; j++) rest -= a[i][j] * found[j];
    found[i] = rest / a[i][i];
  }
  found[m - 1] = whole - found.reduce((sum, v) => sum + v, 0);
  return found;
}
