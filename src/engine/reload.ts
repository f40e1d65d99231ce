// How weights are read again after a lost device or a dead thread: from where they came, once, and they must be the same.

import type { Backend } from "../backends/backend.ts";
import type { Bytes } from "../checkpoint/safetensors.ts";
import type { Source } from "../checkpoint/sources.ts";
import type { Stored } from "../checkpoint/tensors.ts";

/** Starts the backend again with the weights read again, or why that cannot be. */
export type Reload = ((signal?: AbortSignal) => Promise<Backend>) | string;

/** Why a model cannot be read again, undefined if it can. Contents are not kept for it: they are as large as the model. */
export function unreadable(source: Source, device: unknown): string | undefined {
  if (device) return "the device was passed to load()";
  const contents = typeof source === "object" && !(source instanceof URL || Symbol.iterator in source);
  if (!contents || "hub" in source || "getFileHandle" in source) return undefined;
  return "the files were passed as contents, which are not kept";
}

/** The same tensors, and a sum of the bytes that are read of them, in whatever order. `add` adds others. */
export function summed(stored: ReadonlyMap<string, Stored>) {
  let sum = 0;
  const add = (bytes: Uint8Array, at: number) => {
    sum = (sum + hash(bytes, at)) | 0;
  };
  const files = new Map<Bytes, Bytes>();
  const watched = (file: Bytes) => {
    const found = files.get(file) ?? {
      size: file.size,
      async read(...asked: Parameters<Bytes["read"]>) {
        const bytes = await file.read(...asked);
        add(bytes, asked[0]);
        return bytes;
      },
    };
    files.set(file, found);
    return found;
  };
  const tensors = [...stored].map(([name, one]) => [name, { ...one, file: watched(one.file) }] as const);
  return { tensors: new Map<string, Stored>(tensors), add, sum: () => sum };
}

/** Tells contents apart that differ by chance, not those made to be alike: `integrity` does. */
function hash(bytes: Uint8Array, start: number): number {
  let h = start | 0;
  const mix = (word: number) => {
    h = Math.imul(((h << 13) | (h >>> 19)) ^ word, 0x9e3779b1);
  };
  const whole = bytes.byteOffset % 4 ? 0 : bytes.length >> 2;
  for (const word of new Uint32Array(bytes.buffer, whole && bytes.byteOffset, whole)) mix(word);
  for (let i = 4 * whole; i < bytes.length; i++) mix(bytes[i]);
  return h;
}
