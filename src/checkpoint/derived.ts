// Weights that are not what a checkpoint stores, widened: rows of a matrix that is several, or of a transpose, several tensors
// as one, what is computed from several, and what stays as narrow as it is stored.

import type { Backend } from "../backends/backend.ts";
import { checkFinite, put } from "./dtypes.ts";
import { writeNarrow } from "./narrow.ts";
import { pieces, readTensor } from "./safetensors.ts";
import type { Stored } from "./tensors.ts";
import type { Weights } from "./weights.ts";

export async function uploadParts(
  backend: Backend,
  { parts, narrow, derived, stacks }: Weights,
  stored: ReadonlyMap<string, Stored>,
  add: (bytes: Uint8Array, at: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  for (const [name, tensor] of stored) {
    const kept = tensor.quantised?.narrow;
    const write = (own: string, first: number, count: number, to = 0) =>
      writeNarrow(
        (at, n, fill) =>
          backend.write(own, at, n, (out) => {
            fill(out);
            add(new Uint8Array(out.buffer, out.byteOffset, out.byteLength), at);
          }),
        kept!,
        name,
        { first, count, to, all: narrow.get(own)!.shape },
        signal,
      );
    if (narrow.get(name)?.narrow.group) await write(name, 0, tensor.info.shape[0]);
    else if (narrow.has(name)) {
      for await (const { at, n, values } of halves(tensor, signal))
        await backend.write(name, at / 2, room(n), fill(values));
    }
    const all = [...parts].filter(([, { of }]) => of === name);
    const grouped = ([own]: (typeof all)[number]) => Boolean(narrow.get(own)?.narrow.group);
    for (const [own, { first, shape }] of all.filter(grouped)) await write(own, first, shape[0]);
    for (const [own, of] of stacks) {
      if (!narrow.has(own)) continue;
      const height = tensor.info.shape[0];
      for (const [i, one] of of.entries()) if (one === name) await write(own, 0, height, i * height);
    }
    const mine = all.filter((one) => !grouped(one));
    if (!mine.length) continue;
    const x = narrow.has(mine[0][0]) ? await whole(tensor, signal) : await readTensor(tensor.file, tensor.info, signal);
    if (x instanceof Float32Array) checkFinite(x, name);
    for (const [part, { first, transposed, shape }] of mine) {
      const [rows, ...rest] = shape;
      const width = rest.reduce((n, d) => n * d, 1);
      const own = x.subarray(first * width, (first + rows) * width);
      const y = transposed ? transpose(x, x.length / width, first, rows, width) : own;
      await backend.write(part, 0, y instanceof Float32Array ? y.length : room(y.length), fill(y));
    }
  }
  for (const [name, of] of stacks) {
    if (narrow.has(name)) continue;
    let start = 0;
    for (const one of of) {
      const { file, info } = stored.get(one)!;
      let end = start;
      for await (const { at, n, put } of pieces(file, info, signal)) {
        end = start + at + n;
        await backend.write(name, start + at, n, (out) => {
          put(out);
          checkFinite(out, one, at);
        });
      }
      start = end;
    }
  }
  for (const [name, { of, compute }] of derived) {
    const whole: Float32Array[] = [];
    for (const one of of) {
      const { file, info } = stored.get(one)!;
      whole.push(await readTensor(file, info, signal));
      checkFinite(whole[whole.length - 1], one);
    }
    const values = compute(...whole);
    checkFinite(values, name);
    await backend.write(name, 0, values.length, fill(values));
  }
}

/** Numbers of 16 bits in the room of f32. */
const room = (n: number) => Math.ceil(n / 2);

const fill = (values: Float32Array | Uint16Array) => (out: Float32Array) => {
  if (values instanceof Float32Array) out.set(values);
  else new Uint16Array(out.buffer, out.byteOffset, 2 * out.length).set(values);
};

/** A tensor's numbers of 16 bits as they are stored, piece by piece. Throws where one is not finite. */
async function* halves({ file, info }: Stored, signal?: AbortSignal) {
  const wide = new Float32Array(4096);
  for await (const { at, n, bytes } of pieces(file, info, signal)) {
    for (let from = 0; from < n; from += wide.length) {
      const part = wide.subarray(0, Math.min(wide.length, n - from));
      put(bytes.subarray(2 * from, 2 * (from + part.length)), info.dtype, part, info.name, at + from);
      checkFinite(part, info.name, at + from);
    }
    const aligned = bytes.byteOffset % 2 ? bytes.slice() : bytes;
    yield { at, n, values: new Uint16Array(aligned.buffer, aligned.byteOffset, n) };
  }
}

async function whole(tensor: Stored, signal?: AbortSignal): Promise<Uint16Array> {
  const out = new Uint16Array((tensor.info.end - tensor.info.start) / 2);
  for await (const { at, values } of halves(tensor, signal)) out.set(values, at);
  return out;
}

const TILE = 32; // rows and columns that stay in the cache

/** Columns `first` to `first` + `rows` of x [width, all] as rows. */
function transpose<X extends Float32Array | Uint16Array>(
  x: X,
  all: number,
  first: number,
  rows: number,
  width: number,
): X {
  const out = new (x.constructor as { new (n: number): X })(rows * width);
  for (let r0 = 0; r0 < rows; r0 += TILE) {
    for (let c0 = 0; c0 < width; c0 += TILE) {
      for (let r = r0; r < Math.min(r0 + TILE, rows); r++) {
        for (let c = c0; c < Math.min(c0 + TILE, width); c++) out[r * width + c] = x[c * all + first + r];
      }
    }
  }
  return out;
}
