// A method that does not propagate.

import type { Attribution } from "./attribution.ts";
import type { AttributionName } from "./names.ts";
import type { SettingsOf } from "./options.ts";
import type { View } from "./view.ts";
export interface Found {
  /** By token. */
  relevance: ArrayLike<number>;
  completeness?: Attribution["completeness"];
}

/** @internal */
export interface Method<Name extends AttributionName = AttributionName> {
  signed: boolean;
  /** Whether it runs the network on other tokens or embeddings than the text's own, which only a vocabulary has. */
  perturbs?: true;
  /** Whether evaluate() tries it on 200 examples only, unless it is given another number. */
  slow?: true;
  /** Its options and their defaults. */
  options: Required<SettingsOf<Name>>;
  /** The values that a text option takes. */
  choices?: Readonly<Record<string, readonly string[]>>;
  run(view: View, options: Required<SettingsOf<Name>>): Promise<Found>;
}
