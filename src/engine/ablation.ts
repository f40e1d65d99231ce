// A network other than the checkpoint says: loops run more or less often, heads and neurons are cut out.

import type { Data } from "../backends/backend.ts";
import { quote, RelpropError } from "../errors.ts";
import { cols, input, type Tensor } from "../graph/tensor.ts";
import type { Change } from "../inputs/encoded.ts";
import type { Block } from "../models/family.ts";
import { gate } from "../ops/gate.ts";
import type { Engine } from "./engine.ts";
import { network } from "./network.ts";
import type { Ablation, PredictOptions } from "./options.ts";

type ChangeOptions = Pick<PredictOptions, "numLoops" | "ablate">;

/** Throws `InvalidOption` at what the model has not. */
export function networkChange(engine: Engine, { numLoops, ablate }: ChangeOptions): Change {
  const { architecture } = engine;
  if (numLoops !== undefined && architecture.numLoops === undefined) {
    throw unknown("this model's blocks are not looped; leave out `numLoops`");
  }
  const { blocks } = network(architecture, 1, 1, { numLoops });
  const data = ablate ? masks(blocks, ablate) : {};
  const mask = (name: string, x: Tensor) => (data[name] ? gate(x, input(name, [cols(x)])) : x);
  return { network: { numLoops, ...(ablate && { mask }) }, data, key: `${numLoops} ${Object.keys(data)}` };
}

/** How many heads a block has. @internal */
export function headsOf({ attrs, inputs }: Tensor): number {
  return attrs.heads ?? inputs[0].shape[1]; // of attention that makes its weights again, and of that which keeps them
}

/** For each block that loses something, by the input's name, 1 for what stays and 0 for what does not. */
function masks(blocks: readonly Block[], without: Ablation): Data {
  const data: Data = {};
  const cut = (kind: string, [block, index]: readonly [number, number], n: number, width: number) => {
    if (index >= n) {
      const known = n ? `${kind} 0 to ${n - 1}` : `no ${kind}`;
      throw unknown(`block ${block} has ${known}; ${quote(index)} cannot be ablated`);
    }
    const name = `${kind} ${block}`;
    data[name] ??= new Float32Array(width).fill(1);
    data[name].fill(0, (index * width) / n, ((index + 1) * width) / n);
  };
  const having = (block: number) => {
    if (blocks[block]) return blocks[block];
    throw unknown(`there is no block ${quote(block)}; this model has 0 to ${blocks.length - 1}`);
  };
  for (const one of without.heads ?? []) {
    const block = having(one[0]);
    cut("heads", one, block.context ? headsOf(block.context) : 0, block.context ? cols(block.context) : 0);
  }
  for (const one of without.neurons ?? []) {
    const { neurons } = having(one[0]);
    cut("neurons", one, neurons ? cols(neurons) : 0, neurons ? cols(neurons) : 0);
  }
  return data;
}

const unknown = (message: string) => new RelpropError("InvalidOption", message);
