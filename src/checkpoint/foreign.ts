// What people take for safetensors.

import { RelpropError } from "../errors.ts";
import type { AbortSignal } from "../options/globals.ts";
import { type Bytes, read } from "./safetensors.ts";

const kinds: readonly [RegExp | string, string][] = [
  [/^(\xef\xbb\xbf)?\s*<[!?a-z][ -~]{2}/i, "an HTML page: the server answered with a page instead of the file"],
  [/^(\xef\xbb\xbf)?\s*\{\s*"[ -~]{3}/, "JSON: an index, or a server's error message instead of the file"],
  ["version https://git-lfs", "a git-lfs pointer: run `git lfs pull` in its repository"],
  ["GGUF", "a GGUF file: use the model's safetensors instead"],
  ["\x89HDF", "an HDF5 file: use the model's safetensors instead"],
  ["PK\x03\x04", "a ZIP archive, as PyTorch's own files are: save the model as safetensors (save_pretrained does)"],
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a protocol's number, then no length's high byte
  [/^\x80[\x02-\x05][^\0]/, "a Python pickle, which is not safe to read: save the model as safetensors"],
  ["\x1f\x8b\x08", "compressed with gzip: unpack it"],
];

/** A better answer than a header's `error`, if the file does not look like safetensors from its first bytes on. */
export async function foreign(file: Bytes, label: string, error: RelpropError, signal?: AbortSignal) {
  const bytes = await read(file, 0, Math.min(64, file.size), label, signal).catch(() => []);
  const start = String.fromCharCode(...bytes);
  if (start[8] === "{") return undefined;
  const kind = kinds.find(([is]) => (typeof is === "string" ? start.startsWith(is) : is.test(start)));
  return kind && new RelpropError("NotSafetensors", `${label} is ${kind[1]}`, { file: label }, error);
}
