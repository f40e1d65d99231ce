// Whether a file is the one that a caller expects, by its SHA-256.

import { quote, RelpropError, throwIfAborted } from "../../errors.ts";
import type { Bytes } from "../safetensors.ts";
import { fromBytes } from "./contents.ts";

/** A file's bytes, which were read whole and are those of `expected`. Throws `Integrity`. */
export async function verified(
  found: Bytes | undefined,
  file: string,
  expected: string,
  signal?: AbortSignal,
): Promise<Bytes> {
  if (!globalThis.crypto?.subtle) {
    throw new RelpropError(
      "Integrity",
      "this runtime has no SHA-256 (a page needs https), so `integrity` cannot be checked",
    );
  }
  if (!found)
    throw new RelpropError("Integrity", `\`integrity\` has ${quote(file)}, which the model does not have`, { file });
  const whole = await found.read(0, found.size, signal);
  throwIfAborted(signal);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (expected !== hex && expected !== `sha256-${btoa(String.fromCharCode(...digest))}`) {
    const message = `${file} has SHA-256 ${hex}, not ${quote(expected)} as in \`integrity\``;
    throw new RelpropError("Integrity", message, { file, expected, sha256: hex });
  }
  return fromBytes(whole, file);
}
