// A checkpoint with random weights in place of its own, for the sanity check of Adebayo et al. (2018).

import type { TensorInfo } from "../checkpoint/header.ts";
import { type Contents, files, type Source } from "../checkpoint/sources.ts";
import { checkpoint } from "../checkpoint/tensors.ts";
import { checked } from "../options/kinds.ts";
import { uniform } from "../random.ts";
import type { RandomizedOptions } from "./options.ts";
import { randomizedOptions } from "./options.ts";

interface Tensor {
  info: TensorInfo;
  bytes: Uint8Array<ArrayBuffer>;
}

/** What says how a quantised matrix is stored. */
const DESCRIBES = /\.(weight_shape|(weight_)?g_idx|quant_state\.\w+)$/;

const OTHERS = ["config.json", "tokenizer.json", "tokenizer_config.json"];

/**
 * The model's files with the top's weights randomised (all above the blocks), then the last block's too, and so on down to
 * the embeddings: each a source for load(). A tensor's elements are shuffled, which keeps its distribution (Adebayo et al. 2018).
 * @throws what load() throws of the source.
 */
export async function* randomized(
  source: Source,
  given: RandomizedOptions = {},
): AsyncGenerator<Record<string, Contents>> {
  const { seed = 0, ...options } = checked("randomized()", randomizedOptions, given);
  const from = await files(source, options);
  try {
    const contents: Record<string, Contents> = {};
    for (const name of OTHERS) {
      const file = await from.open(name);
      if (file) contents[name] = await file.read(0, file.size, options.signal);
    }
    const tensors: Tensor[] = [];
    for (const { file, info } of (await checkpoint(from, options.signal)).values()) {
      tensors.push({ info, bytes: await file.read(info.start, info.end, options.signal) });
    }
    const depths = new Set(tensors.map(depth));
    for (const top of [...depths].sort((a, b) => b - a)) {
      tensors.forEach((tensor, i) => {
        if (depth(tensor) === top && !DESCRIBES.test(tensor.info.name))
          shuffle(tensor, uniform(Math.imul(seed + 1, 0x9e3779b1) ^ i));
      });
      yield { ...contents, "model.safetensors": packed(tensors) };
    }
  } catch (error) {
    throw from.thrown ? from.thrown.error : error;
  } finally {
    await from.close();
  }
}

/** Which block a tensor belongs to, by the number in its name; embeddings lie below all blocks, the rest above. */
function depth({ info: { name } }: Tensor): number {
  const block = /\.(\d+)\./.exec(name)?.[1];
  return block ? Number(block) : /embed/.test(name) ? -1 : Number.POSITIVE_INFINITY;
}

/** Fisher and Yates (1938), element by element whatever the dtype. */
function shuffle({ info, bytes }: Tensor, draw: () => number): void {
  const n = info.shape.reduce((n, d) => n * d, 1);
  const size = bytes.length / n;
  const held = new Uint8Array(size);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(draw() * (i + 1));
    held.set(bytes.subarray(i * size, (i + 1) * size));
    bytes.copyWithin(i * size, j * size, (j + 1) * size);
    bytes.set(held, j * size);
  }
}

/** A safetensors file, as a Blob so that its parts are not joined in memory. */
function packed(tensors: readonly Tensor[]): Blob {
  let end = 0;
  const header = tensors.map(({ info: { name, dtype, shape }, bytes }) => {
    const start = end;
    end += bytes.length;
    return [name, { dtype, shape, data_offsets: [start, end] }];
  });
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const prefix = new Uint8Array(8);
  new DataView(prefix.buffer).setUint32(0, json.length, true);
  return new Blob([prefix, json, ...tensors.map(({ bytes }) => bytes)]);
}
