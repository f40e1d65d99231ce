// What encoders have in common: tables of embeddings below their blocks, a head above them.

import type { Weights } from "../checkpoint/weights.ts";
import { RelpropError } from "../errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { context } from "../ops/attention.ts";
import { add } from "../ops/elementwise.ts";
import { selectRow } from "../ops/select.ts";
import { agree, type Config, integer } from "./config.ts";
import type { Architecture, Block, Network, NetworkInputs, ReadingPoint } from "./family.ts";
import { type Heads, top } from "./heads.ts";
import { norm } from "./layers.ts";

/** The most times that the blocks of a looped model run. */
export const MOST_LOOPS = 1024;

export interface Encoder {
  /** The embedding tables' whole names. */
  tables: Architecture["tables"];
  /** The row of the table of positions that the first token has, and the id of tokens that positions do not count. */
  first?: number;
  uncounted?: number;
  data?: Architecture["data"];
  /** What is made of the sum of embeddings before its norm, `width` wide. */
  project?(sum: Tensor): Tensor;
  /** The norm of the embeddings, if they have one. */
  norm?: Weights;
  /** Whether it may have no bias. */
  bare?: boolean;
  eps: number;
  /** What enters the first block, `width` wide, if that is not the embeddings themselves. */
  enter?(x: Tensor): Tensor;
  width?: number;
  blocks: number;
  /** The stream after block `i`, of the rows `read` of `x` [batch, t, d]. */
  block(i: number, read: Tensor, x: Tensor, embedded: NetworkInputs): Tensor;
  /** Whether all rows of the last block must be computed, because they know their places. */
  placed?: boolean;
  /** How often the blocks from `first` on run, one after the other and again. */
  looped?: { first: number; times: number };
  leave?(x: Tensor): Tensor;
  heads: Heads;
  /** What a classifier of texts reads, if not the first token. */
  reads?: "last" | "mean";
}

export function encoder(config: Config, w: Weights, it: Encoder): Architecture {
  const { tables, first = 0, uncounted, eps } = it;
  const [vocabulary, inner] = table(w, tables.words!);
  const [longest] = tables.positions
    ? table(w, tables.positions, inner)
    : [integer(config, "max_position_embeddings", 2 ** 20)];
  const [kinds] = tables.types ? table(w, tables.types, inner) : [1];
  const width = it.width ?? inner;
  const { logits, ...found } = top(config, w, it.heads, width, eps);
  const outputs = found.reads === "first" && it.reads ? { ...found, reads: it.reads } : found;
  agree(config, "vocab_size", vocabulary, tables.words!);
  if (tables.types) agree(config, "type_vocab_size", kinds, tables.types);
  if (first >= longest) {
    const message = `config.json's pad_token_id is ${first - 1}, but ${tables.positions} has ${longest} rows`;
    throw new RelpropError("ConfigMismatch", message, { field: "pad_token_id" });
  }
  agree(config, "hidden_size", width, tables.words!);
  if (tables.positions) agree(config, "max_position_embeddings", longest, tables.positions);

  return {
    ...outputs,
    tables,
    first,
    uncounted,
    kinds,
    data: it.data,
    vocabulary,
    width: inner,
    embeddingWidth: it.project && width,
    positions: longest - first,

    network(embedded) {
      const { tokenEmbeddings, positionEmbeddings, rowSelection } = embedded;
      const sum = positionEmbeddings ? add(tokenEmbeddings, positionEmbeddings) : tokenEmbeddings;
      const made = () => {
        const x = it.project?.(sum) ?? sum;
        return it.norm ? norm(x, it.norm, eps, it.bare) : x;
      };
      const below = embedded.embeddings ?? made();
      return above(it, embedded, below, {
        readings: [
          ["embeddings", below],
          ["embedding-sum", sum],
          ["words", tokenEmbeddings],
        ],
        read: (x, rows = rowSelection) => (rows ? context(rows, x) : outputs.reads === "tokens" ? x : selectRow(x, 0)),
        logits,
      });
    },
  };
}

/** What a head makes of the rows that it reads. */
interface Above {
  readings: [at: ReadingPoint, ...siblings: Tensor[]][];
  read(x: Tensor, rows?: Tensor): Tensor;
  logits(x: Tensor): Tensor;
}

/** The blocks above the embeddings `below`, and the head on them. */
export function above(
  {
    enter,
    blocks,
    block,
    placed,
    leave,
    looped,
  }: Pick<Encoder, "enter" | "blocks" | "block" | "placed" | "leave" | "looped">,
  embedded: NetworkInputs,
  below: Tensor,
  { readings, read, logits }: Above,
): Network {
  const late = embedded.allRows || placed;
  const stream = [enter?.(below) ?? below];
  const noted: Block[] = [];
  const all = [...Array(blocks).keys()];
  const { first, times } = { first: blocks, times: 0, ...looped };
  const runs = Math.max(0, blocks - first) * Math.max(times, embedded.numLoops ?? 0);
  if (runs > MOST_LOOPS) {
    const message = `looped blocks would run ${runs} times in all (config.json's loops is ${times}), the most is ${MOST_LOOPS}`;
    throw new RelpropError("LimitExceeded", message, { field: "loops", runs });
  }
  const order = [
    ...all.slice(0, first),
    ...Array(embedded.numLoops ?? times)
      .fill(all.slice(first))
      .flat(),
  ];
  for (const [n, i] of order.entries()) {
    const x = stream[n];
    const rows = n === order.length - 1 && !late ? read(x) : x; // only some tokens' vectors are read at the end
    const mine: Block = {};
    const previousBlocks = [...noted];
    noted.push(mine);
    const mask = embedded.mask && ((kind: string, x: Tensor) => embedded.mask!(`${kind} ${n}`, x));
    const pastKeyValues = embedded.pastKeyValues && {
      ...embedded.pastKeyValues,
      append: (name: string, x: Tensor) => embedded.pastKeyValues!.append(`${name} ${n}`, x),
    };
    const capture = (tensors: Block) => void Object.assign(mine, tensors);
    stream.push(block(i, rows, x, { ...embedded, previousBlocks, mask, pastKeyValues, capture }));
  }
  const end = stream[order.length];
  const left = (x: Tensor) => leave?.(x) ?? x;
  const unembed = (x: Tensor, rows?: Tensor) => logits(read(left(x), rows));
  return {
    readings: new Map(readings.map(([at, ...siblings]) => [at, siblings])),
    stream,
    blocks: noted,
    logits: late ? unembed(end) : logits(left(end)),
    unembed,
  };
}

/** The shape of a matrix with rows of `width` numbers. */
function table(w: Weights, name: string, width?: number): readonly number[] {
  const shape = w.shape(name);
  if (!shape) throw new RelpropError("MissingTensor", `the checkpoint has no ${name}`, { name });
  if (shape.length !== 2 || shape.includes(0) || (width !== undefined && shape[1] !== width)) {
    const message = `${name} is [${shape.join(", ")}], this model needs [rows, ${width ?? "width"}]`;
    throw new RelpropError("UnexpectedShape", message, { name, expected: [null, width ?? null], got: shape });
  }
  return shape;
}
