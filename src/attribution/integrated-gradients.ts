import type { Method } from "./method.ts";
import { baselines } from "./options.ts";
import { legendre } from "./quadrature.ts";
import { dots } from "./vectors.ts";

/**
 * (x − x′) · ∫₀¹ ∂f(x′ + α(x − x′)) dα (Sundararajan et al. 2017, arXiv 1703.01365, Eq. 1) over embeddings, the integral by
 * Gauss and Legendre's nodes, as many as `steps`. x′ has the `baseline` for each token but the special ones, which stay.
 * Complete: the numbers add up to f(x) − f(x′), up to the quadrature's error.
 */
export const integratedGradients: Method<"integrated-gradients"> = {
  signed: true,
  perturbs: true,
  options: { steps: 50, baseline: "pad" },
  choices: { baseline: baselines },
  async run(view, { steps, baseline }) {
    const n = view.tokens.length;
    const none = view.baselineId(baseline);
    const away = view.tokens.map(({ id, special }) => (special ? id : none));
    const x = await view.embeddings(view.ids);
    const x0 = await view.embeddings(away);
    const { nodes, weights } = legendre(steps);
    const points = nodes.map((alpha) => x0.map((from, i) => from + alpha * (x[i] - from)));
    const mean = new Float64Array(x.length);
    for (const [k, g] of (await view.gradients(points)).entries()) {
      for (let i = 0; i < mean.length; i++) mean[i] += weights[k] * g[i];
    }
    const relevance = dots(
      x.map((to, i) => to - x0[i]),
      mean,
      n,
    );
    const [f0] = await view.f([away]);
    const total = view.logit - f0;
    return { relevance, completeness: { total, error: total - relevance.reduce((a, b) => a + b, 0) } };
  },
};
