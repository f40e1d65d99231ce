import { throwIfAborted } from "../errors.ts";
import { mean } from "./matrices.ts";
import type { Method } from "./method.ts";
import { augmented } from "./rollout.ts";

/**
 * The most that can flow from each token at the top to each at the bottom, through blocks with edges that carry Ã (Abnar and
 * Zuidema 2020, arXiv 2005.00928); each top token's flows over their sum, added up, as in Ali et al. (ICML 2022).
 */
export const attentionFlow: Method<"attention-flow"> = {
  signed: false,
  slow: true,
  options: {},
  async run(view) {
    const { n, weights } = await view.attention();
    const blocks = weights.map((heads) => augmented(mean(heads), n));
    const relevance = new Float64Array(n);
    for (let top = 0; top < n; top++) {
      const flows: number[] = [];
      for (let bottom = 0; bottom < n; bottom++) flows.push(flow(blocks, n, top, bottom));
      const sum = flows.reduce((a, b) => a + b, 0) || 1;
      flows.forEach((value, j) => {
        relevance[j] += value / sum;
      });
      await new Promise((resolve) => setTimeout(resolve)); // these take long, and others want their turn
      throwIfAborted(view.signal);
    }
    return { relevance };
  },
};

const LEAST = 1e-12; // what is left of an edge when it counts as full

/**
 * The largest flow from node `top` of the highest layer to node `bottom` of the lowest, where block l joins node i of layer
 * l + 1 to node j of layer l by capacity blocks[l][i · n + j] (Dinic 1970).
 */
export function flow(blocks: readonly Float64Array[], n: number, top: number, bottom: number): number {
  const depth = blocks.length;
  const source = depth * n + top;
  const down = blocks.map((block) => block.slice()); // what still fits, along an edge and against it
  const up = blocks.map((block) => new Float64Array(block.length));
  const level = new Int32Array((depth + 1) * n);
  const next = new Int32Array((depth + 1) * n);

  /** What still fits from a node to the k-th of its neighbours: n below, then n above. */
  const neighbour = (node: number, k: number) => {
    const layer = Math.floor(node / n);
    const i = node % n;
    if (k < n)
      return layer ? { to: (layer - 1) * n + k, room: down[layer - 1], back: up[layer - 1], at: i * n + k } : undefined;
    const j = k - n;
    return layer < depth ? { to: (layer + 1) * n + j, room: up[layer], back: down[layer], at: j * n + i } : undefined;
  };

  const variance = (): boolean => {
    level.fill(-1);
    level[source] = 0;
    const queue = [source];
    for (const node of queue) {
      for (let k = 0; k < 2 * n; k++) {
        const edge = neighbour(node, k);
        if (!edge || edge.room[edge.at] <= LEAST || level[edge.to] >= 0) continue;
        level[edge.to] = level[node] + 1;
        queue.push(edge.to);
      }
    }
    return level[bottom] >= 0;
  };

  const push = (node: number, most: number): number => {
    if (node === bottom) return most;
    for (; next[node] < 2 * n; next[node]++) {
      const edge = neighbour(node, next[node]);
      if (!edge || edge.room[edge.at] <= LEAST || level[edge.to] !== level[node] + 1) continue;
      const pushed = push(edge.to, Math.min(most, edge.room[edge.at]));
      if (pushed <= 0) continue;
      edge.room[edge.at] -= pushed;
      edge.back[edge.at] += pushed;
      return pushed;
    }
    return 0;
  };

  let total = 0;
  while (variance()) {
    next.fill(0);
    for (let pushed = push(source, Infinity); pushed > 0; pushed = push(source, Infinity)) total += pushed;
  }
  return total;
}
