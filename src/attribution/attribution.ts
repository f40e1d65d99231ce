// What a method that does not propagate gives: plain JSON, made by Model.explain() and read by the renderers.

import type { Explanation, TokenRelevance } from "../explain/explanation.ts";
import type { PointCloudView } from "../inputs/encoded.ts";
import type { ImageView } from "../inputs/images/patches.ts";
import type { ClassScore } from "../tasks/prediction.ts";
import type { AttributionName } from "./names.ts";

/** What a method without a ledger says: see methods.ts. */
export interface Attribution {
  text: string;
  messages?: Explanation["messages"];
  image?: ImageView;
  cloud?: PointCloudView;
  model: string;
  method: AttributionName;
  /** All of the method's options. */
  options: Readonly<Record<string, string | number>>;
  at: "embeddings";
  backend: "wasm" | "webgpu";
  target: ClassScore;
  contrast?: ClassScore;
  classes: ClassScore[];
  /** What is explained: the target's logit, or target minus contrast. */
  logit: number;
  /** Whether relevance is signed; otherwise only its order matters. */
  signed: boolean;
  tokens: TokenRelevance[];
  /** If asked for: by words, sentences, messages or spans. */
  groups?: Explanation["groups"];
  /** For methods with a completeness axiom: the expected total of the relevance, and the error of the actual sum. */
  completeness?: { total: number; error: number };
  /** The number of runs of the network, forward or forward and backward. */
  forwardPasses: number;
  warnings: string[];
}
