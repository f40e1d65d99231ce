import type { Config } from "./config.ts";
import type { Architecture } from "./family.ts";
import type { Weights } from "./weights.ts";
export function pointMae(_: Config, __: Weights): Architecture { throw new Error("later"); }
