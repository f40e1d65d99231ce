import { quote, RelpropError } from "../errors.ts";
import { ablation, protocolOf, pruning } from "./ablations.ts";
import type { Protocol, ProtocolName } from "./protocol.ts";
import { achtibat2024 } from "./protocols/achtibat2024.ts";
import { ali2022 } from "./protocols/ali2022.ts";
import { ali2022Fixed } from "./protocols/ali2022-fixed.ts";
import { aopc } from "./protocols/aopc.ts";
import { loo } from "./protocols/loo.ts";
import { sanity } from "./protocols/sanity.ts";
import { stability } from "./protocols/stability.ts";

const all: Readonly<Record<ProtocolName, Protocol>> = {
  ali2022,
  "ali2022-fixed": ali2022Fixed,
  achtibat2024,
  ablation: protocolOf("attention heads ablated, least and most important or relevant first", ablation),
  aopc,
  loo,
  pruning: protocolOf("Li et al. 2024: neurons ablated, those with the smallest weights first", pruning),
  sanity,
  stability,
};

/** Every protocol by its name. */
export const protocols: ReadonlyMap<ProtocolName, Protocol> = new Map(
  Object.entries(all) as [ProtocolName, Protocol][],
);

export function protocol(name: ProtocolName): Protocol {
  const found = protocols.get(name);
  if (found) return found;
  const message = `there is no protocol ${quote(name)}, only ${[...protocols.keys()].join(", ")}`;
  throw new RelpropError("InvalidOption", message);
}
