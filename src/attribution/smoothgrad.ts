import { normal } from "../random.ts";
import type { Method } from "./method.ts";
import { dots } from "./vectors.ts";

/**
 * x · the mean of ∂f at x + N(0, s²) over `samples` (Smilkov et al. 2017, arXiv 1706.03825); s is `noise` times the range
 * of the text's embeddings, as there.
 */
export const smoothgrad: Method<"smoothgrad"> = {
  signed: true,
  perturbs: true,
  options: { samples: 25, noise: 0.1, seed: 0 },
  async run(view, { samples, noise, seed }) {
    const x = await view.embeddings(view.ids);
    const range =
      x.reduce((most, v) => Math.max(most, v), -Infinity) - x.reduce((least, v) => Math.min(least, v), Infinity);
    const draw = normal(seed);
    const count = Math.max(1, Math.round(samples));
    const mean = new Float64Array(x.length);
    for (let done = 0; done < count; done += TOGETHER) {
      const points = Array.from({ length: Math.min(TOGETHER, count - done) }, () =>
        x.map((v) => v + noise * range * draw()),
      );
      for (const g of await view.gradients(points)) for (let i = 0; i < g.length; i++) mean[i] += g[i] / count;
    }
    return { relevance: dots(x, mean, view.tokens.length) };
  },
};

const TOGETHER = 64; // samples that are there at a time
