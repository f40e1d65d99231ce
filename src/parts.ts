// Weights that are parts of what a checkpoint stores: rows of a matrix that is several, or of a transpose. Loaded when a
// model has them.

import type { Backend } from "./backends/backend.ts";
import type { Stored } from "./checkpoint.ts";
import { checkFinite } from "./floats.ts";
import type { Weights } from "./models/weights.ts";
import { readTensor } from "./safetensors.ts";

export async function uploadParts(
  backend: Backend,
  { used, parts }: Weights,
  stored: ReadonlyMap<string, Stored>,
  signal?: AbortSignal,
): Promise<void> {
  for (const [name, { file, info }] of stored) {
    const mine = [...parts].filter(([, { of }]) => of === name);
    if (!mine.length) continue;
    const x = await readTensor(file, info, signal);
    checkFinite(x, name);
    for (const [part, { first, transposed }] of mine) {
      const [rows, ...rest] = used.get(part)!;
      const width = rest.reduce((n, d) => n * d, 1);
      await backend.write(part, 0, rows * width, (out) => {
        if (transposed) transpose(x, x.length / width, first, rows, width, out);
        else out.set(x.subarray(first * width, (first + rows) * width));
      });
    }
  }
}

const TILE = 32; // rows and columns that stay in the cache

/** Columns `first` to `first` + `rows` of x [width, all] as rows. */
function transpose(x: Float32Array, all: number, first: number, rows: number, width: number, out: Float32Array): void {
  for (let r0 = 0; r0 < rows; r0 += TILE) {
    for (let c0 = 0; c0 < width; c0 += TILE) {
      for (let r = r0; r < Math.min(r0 + TILE, rows); r++) {
        for (let c = c0; c < Math.min(c0 + TILE, width); c++) out[r * width + c] = x[c * all + first + r];
      }
    }
  }
}
