// A method that does not propagate.

import type { Attribution } from "../explain/explanation.ts";
import type { Settings } from "./options.ts";
import type { View } from "./view.ts";
export interface Found {
  /** By token. */
  relevance: ArrayLike<number>;
  completeness?: Attribution["completeness"];
}

/** @internal */
export interface Method {
  name: string;
  signed: boolean;
  /** Its options and their defaults. */
  options: Settings;
  /** The words that an option takes. */
  words?: Readonly<Record<string, readonly string[]>>;
  run(view: View, options: Settings): Promise<Found>;
}
