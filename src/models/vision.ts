// What vision Transformers have in common: patches as tokens after the model's own, norms before each half of a block.

import type { Data } from "../backends/backend.ts";
import type { Rows } from "../checkpoint/dtypes.ts";
import type { Weights } from "../checkpoint/weights.ts";
import { RelpropError } from "../errors.ts";
import { cols, input, type Tensor } from "../graph/tensor.ts";
import { context } from "../ops/attention.ts";
import { add } from "../ops/elementwise.ts";
import { linear } from "../ops/linear.ts";
import { ofImages } from "../tasks/images.ts";
import { agree, type Config, integer, oneOf, positive } from "./config.ts";
import { above } from "./encoder.ts";
import type { Architecture, NetworkInputs } from "./family.ts";
import type { top } from "./heads.ts";
import { dense, norm } from "./layers.ts";
import { biased, sides } from "./numbers.ts";
import { preNorm } from "./pre_norm.ts";

export interface Vision {
  /** What the model's own tokens are called, and where their vectors are [1, 1, width]. */
  specials: readonly (readonly [name: string, at: string])[];
  /** How a block names its norms, and the factors of each number of what its halves add, if it has them. */
  norms: readonly [string, string];
  scales?: readonly [string, string];
  /** The second half of a block, of what is normalised: its neurons, and what they add. */
  neurons(layer: Weights, x: Tensor): Tensor;
  out: string;
  /** Makes positions of the patches of another size of image [rows, d]; without it there is but one size. */
  stretch?(position: Rows, from: Size, to: Size, d: number): Float32Array;
  processor: string;
  head: ReturnType<typeof top>;
  /** What else it needs of images that are `n` tokens. */
  data?(n: number): Data;
  /** The rows of the last block that the head reads, if not the first one; `rows` if the last block must have all. */
  read(x: Tensor): Tensor;
  rows?: boolean;
}

/** Tokens of an image that a model may have, whatever it was trained on. */
const LARGE = 4096;

export type Size = readonly [height: number, width: number];

export const width = (base: Weights): number => base.shape("embeddings.patch_embeddings.projection.weight")?.[0] ?? 0;

export function vision(config: Config, all: Weights, it: Vision, own?: Size): Architecture {
  const base = biased(config, all, { qkv_bias: /\.attention\.attention\.\w+\.bias$/ });
  const eps = positive(config, "layer_norm_eps");
  const heads = integer(config, "num_attention_heads", 65536);
  const blocks = integer(config, "num_hidden_layers", 512);
  oneOf(config, "num_channels", [1, 3], "images must be grey or RGB");
  const channels = integer(config, "num_channels", 3);
  const [trained, patch] = [sides(config, "image_size"), sides(config, "patch_size")];
  const size = own ?? trained;
  const d = width(base);
  const projection = base.at("embeddings.patch_embeddings.projection");
  agree(config, "hidden_size", d, projection.name("weight"));
  oneOf(config, "head_dim", [d / heads], `heads are ${d / heads} wide`);
  // Like a convolution with the patch as its stride: what is left over at the right and below is not read.
  const patches = (whole: Size): Size => [Math.floor(whole[0] / patch[0]), Math.floor(whole[1] / patch[1])];
  const [stored, grid] = [patches(trained), patches(size)];
  const first = it.specials.length;
  const t = first + grid[0] * grid[1];
  // What weights say nothing about: positions are stretched to any size of image.
  const most = Math.max(4 * (first + stored[0] * stored[1]), LARGE);
  if (t > most) {
    const message = `images of ${size.join(" × ")} by preprocessor_config.json are ${t} tokens, this model takes at most ${most}`;
    throw new RelpropError("LimitExceeded", message, { tokens: t, most });
  }
  const positions = base.demand("embeddings.position_embeddings", [1, first + stored[0] * stored[1], d]);
  const [words, types] = it.specials.map(([, at]) => base.demand(at, [1, 1, d]));

  const block = (i: number, read: Tensor, x: Tensor, embedded: NetworkInputs) => {
    const layer = base.at(`encoder.layer.${i}`);
    const [before, after] = it.norms;
    const to = (name: string) => (x: Tensor) => dense(x, layer.at(name), d);
    /** A half's last dense layer, its factors in the weights. */
    const last = (half: number, name: string) => (x: Tensor) => {
      if (!it.scales) return to(name)(x);
      const [w, bias, scale] = [`${name}.weight`, `${name}.bias`, it.scales[half]];
      for (const [one, shape] of [
        [w, [d, cols(x)]],
        [bias, [d]],
        [scale, [d]],
      ] as const)
        layer.demand(one, shape);
      const times = (rows: Float32Array, by: Float32Array) =>
        rows.map((v, i) => v * by[Math.floor((i * d) / rows.length)]);
      return linear(x, layer.derive(w, [d, cols(x)], [w, scale], times), layer.derive(bias, [d], [bias, scale], times));
    };
    const [q, k, v] = ["query", "key", "value"].map((name) => to(`attention.attention.${name}`));
    return preNorm(read, x, embedded, {
      before: (x) => norm(x, layer.at(before), eps),
      after: (x) => norm(x, layer.at(after), eps),
      up: (x) => it.neurons(layer, x),
      down: last(1, it.out),
      heads,
      project: { q, k, v, o: last(0, "attention.output.dense") },
    });
  };

  const { logits, ...outputs } = it.head;
  return {
    ...outputs,
    task: ofImages(outputs.task),
    image: {
      size,
      patch,
      channels,
      processor: it.processor,
      specials: it.specials.map(([name]) => name),
    },
    sized: it.stretch ? (other) => vision(config, base, it, other) : undefined,
    tables: { words, positions, types },
    kinds: 1,
    vocabulary: 0,
    width: channels * patch[0] * patch[1],
    positions: t,
    data(n, tables) {
      const stems = new Float32Array(n * d);
      const patches = new Float32Array(n * n);
      const extra = new Float32Array(d);
      const position = tables.positions!;
      const other = own && (size[0] !== size[1] || stored[0] * stored[1] !== grid[0] * grid[1]);
      if (other)
        stems.set(
          it.stretch!((j, out, at) => position(first + j, out, at), stored, grid, d),
          first * d,
        );
      for (let j = 0; j < n; j++) {
        if (!other || j < first) position(j, stems, j * d);
        if (j >= first) patches[j * n + j] = 1;
        else {
          [tables.words, tables.types][j]!(0, extra, 0);
          for (let k = 0; k < d; k++) stems[j * d + k] += extra[k];
        }
      }
      return { stems, patches, ...it.data?.(n) };
    },
    network(embedded) {
      const { tokenEmbeddings } = embedded;
      const n = tokenEmbeddings.shape[1];
      // The model's own tokens are no patches: what the dense layer makes of their zeros is left out.
      const patches = context(input("patches", [1, 1, n, n]), dense(tokenEmbeddings, projection, d));
      const below = add(patches, input("stems", [n, d]));
      const leave = (x: Tensor) => norm(x, base.at("layernorm"), eps);
      return above({ blocks, block, leave, placed: it.rows }, embedded, below, {
        readings: [
          ["embeddings", below],
          ["pixels", tokenEmbeddings],
        ],
        read: it.read,
        logits,
      });
    },
  };
}
