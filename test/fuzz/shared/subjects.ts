// Small models of several families for fuzzers, each with calls that are worth interrupting.

import type { Contents, Model } from "../../../src/index.ts";
import { looped, stored } from "./models.ts";

/** What may interrupt a call. */
export interface Watching {
  signal?: AbortSignal;
  onProgress?: () => void;
}

export interface Call {
  run(model: Model, watching: Watching): Promise<unknown>;
  /** Whether it has a callback. */
  watched?: boolean;
}

export interface Subject {
  name: string;
  source: Record<string, Contents>;
  /** Where its files lie, if they do. */
  folder?: URL;
  calls: Call[];
}

const root = new URL("../../reference/families/", import.meta.url);
const family = (name: string) => ({ source: stored(name), folder: new URL(`${name}/`, root) });

const rows = { rows: [[1, 2, 3, 4]] };
const image = { data: Uint8Array.from({ length: 24 * 24 * 3 }, (_, i) => (i * 37) % 256), width: 24, height: 24 };
const texts = ["a small text", "the sea", "a text of some more words than the others have"];

const common = (given: string | typeof rows | typeof image): Call[] => [
  { run: (model, { signal }) => model.predict(given, { signal }) },
  { run: (model, { signal }) => model.predict([given, given], { signal }) },
  { run: (model, { signal }) => model.explain(given, { signal }) },
  {
    run: (model, { signal }) => model.explain(given, { signal, method: ["cp-lrp", "gradient-x-input"], layers: true }),
  },
];
const occluded: Call = {
  watched: true,
  run: (model, watching) => model.explain(texts[0], { ...watching, method: "occlusion" }),
};
const diagnosed: Call = { run: (model, { signal }) => model.diagnose(texts[0], { signal }) };

export const subjects: Subject[] = [
  {
    name: "bert",
    ...family("bert-sequence"),
    calls: [
      ...common(texts[0]),
      { ...occluded },
      { ...diagnosed },
      { run: (model, { signal }) => model.tokenize(texts, { signal }) },
      { run: (model, { signal }) => model.explain(texts, { signal, groups: "words", pairs: true }) },
      {
        watched: true,
        run: (model, watching) =>
          model.explain(texts[0], { ...watching, method: { name: "integrated-gradients", steps: 4 } }),
      },
    ],
  },
  {
    name: "gpt2",
    ...family("gpt2-lm"),
    calls: [
      ...common(texts[0]),
      { ...diagnosed },
      { watched: true, run: (model, watching) => model.generate("the sea", { ...watching, maxNewTokens: 4 }) },
      {
        watched: true,
        run: (model, watching) =>
          model.generate("the", { ...watching, maxNewTokens: 2, explain: true, temperature: 1, seed: 3 }),
      },
    ],
  },
  { name: "vit", ...family("vit-image"), calls: [...common(image)] },
  {
    name: "embedding",
    ...family("bert-embedding"),
    calls: [
      { run: (model, { signal }) => model.predict(texts, { signal }) },
      { run: (model, { signal }) => model.explain(texts[0], { signal, objective: { cosine: texts[1] } }) },
    ],
  },
  {
    name: "looped",
    source: looped,
    calls: [...common(rows), { run: (model, { signal }) => model.predict(rows, { signal, numLoops: 3 }) }],
  },
  { name: "tags", ...family("bert-token"), calls: common(texts[0]) },
];
