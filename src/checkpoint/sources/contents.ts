// Contents that are in memory, as files.

import { quote, RelpropError, throwIfAborted } from "../../errors.ts";
import { pauses } from "../../pauses.ts";
import type { Bytes } from "../safetensors.ts";
import type { Count } from "./progress.ts";

export const parts = (path: string, end?: number): string[] =>
  path
    .split(/[\\/]+/)
    .filter(Boolean)
    .slice(0, end);

export const lastPart = (path: string): string => parts(path).pop() ?? "model";

export function fromBlob(blob: Blob, file: string, count?: Count): Bytes {
  return {
    size: blob.size,
    async read(start, end, signal) {
      throwIfAborted(signal);
      const buffer = await blob.slice(start, end).arrayBuffer();
      throwIfAborted(signal);
      count?.(file, buffer.byteLength, blob.size);
      return new Uint8Array(buffer);
    },
  };
}

/**
 * Bytes are read where they lie. A Blob of them would be a second copy, and one that engines do not see: they collect it late,
 * after gigabytes of others.
 */
export function fromBytes(bytes: Uint8Array, file: string, count?: Count): Bytes {
  const size = bytes.length;
  const pause = pauses(undefined);
  return {
    size,
    async read(start, end, signal, into) {
      await pause();
      throwIfAborted(signal);
      const part = bytes.subarray(start, end);
      if (part.length !== Math.min(end, size) - start) {
        throw new RelpropError("Truncated", `${quote(file)} became shorter while it was read`, { file });
      }
      count?.(file, part.length, size);
      if (!into) return new Uint8Array(part); // a copy
      into.set(part);
      return into.subarray(0, part.length);
    },
  };
}
