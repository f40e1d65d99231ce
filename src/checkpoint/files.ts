// The files of a checkpoint, wherever they come from.

import { RelpropError } from "../errors.ts";
import type { Bytes } from "./safetensors.ts";

export interface Files {
  /** A name for the model: the last part of its path or URL. */
  readonly name: string;
  /** Why files are not kept although `cache` asks for it. */
  readonly cacheReason?: string;
  /** What a server answered with a page of HTML: such a file is not there. */
  readonly pages?: ReadonlyMap<string, RelpropError>;
  /** What the caller's onProgress threw: it ends the load, which rejects with it. */
  readonly thrown?: { error: unknown };
  /** Throws `InvalidOption` if `integrity` has a file that was not opened, `Integrity` if one is another. */
  checkIntegrity?(): Promise<void>;
  /** Opens a file; undefined if the source does not have it. */
  open(file: string): Promise<Bytes | undefined>;
  close(): Promise<void>;
}

/** Why there is no such file: the server has a page in its place, or nothing. */
export const missing = ({ pages }: Files, name: string, instead = ""): RelpropError =>
  pages?.get(name) ?? new RelpropError("MissingFile", `the model has no ${name}${instead}`, { file: name });
