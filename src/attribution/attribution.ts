// What a method that does not propagate gives: plain JSON, made by Model.explain() and read by the renderers.

import type { Explanation, TokenRelevance } from "../explain/explanation.ts";
import type { PointCloudView } from "../inputs/encoded.ts";
import type { ImageView } from "../inputs/images/patches.ts";
import type { ClassScore } from "../tasks/prediction.ts";
import type { AttributionName } from "./names.ts";

/** What a method without a ledger says: see methods.ts. */
export interface Attribution {
  /** The text; of a pair both, on a line of their own each; of an image empty. */
  text: string;
  /** Of a conversation: where its messages are in the text. */
  messages?: Explanation["messages"];
  /** Of an image: the part that the model saw. */
  image?: ImageView;
  /** Of a point cloud: its groups. */
  cloud?: PointCloudView;
  /** The model's name: its directory, URL or the name given to load(). */
  model: string;
  /** The method's name. */
  method: AttributionName;
  /** All of the method's options. */
  options: Readonly<Record<string, string | number>>;
  /** Where relevance is read: after the embeddings. */
  at: "embeddings";
  /** The backend that computed the result. */
  backend: "wasm" | "webgpu";
  /** The class that is explained, with its logit and probability. */
  target: ClassScore;
  /** The second class, if one was given: its logit is subtracted. */
  contrast?: ClassScore;
  /** All classes; of a language model the top ones. */
  classes: ClassScore[];
  /** What is explained: the target's logit, or target minus contrast. */
  logit: number;
  /** Whether relevance is signed; otherwise only its order matters. */
  signed: boolean;
  /** The tokens, each with its relevance; its unit is the logit's if `completeness` is there, else the method's own. */
  tokens: TokenRelevance[];
  /** If asked for: by words, sentences, messages or spans. */
  groups?: Explanation["groups"];
  /** For methods with a completeness axiom: the expected total of the relevance, and the error of the actual sum. */
  completeness?: { total: number; error: number };
  /** The number of runs of the network, forward or forward and backward. */
  forwardPasses: number;
  /** Sentences about the accuracy of this result or changes of the input; usually empty. */
  warnings: string[];
}
