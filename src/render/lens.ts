// A lens as a table for terminals: one row a layer, its likeliest pieces and the one that is followed.

import type { Lens } from "../diagnose/lens.ts";
import type { ClassScore } from "../tasks/prediction.ts";
import { tokenName } from "./summary.ts";
import { aligned, drawn, percent, visible } from "./text.ts";

export const lensTable = (lens: Lens): string => drawn("a lens's table", "a lens", () => rows(lens));

function rows({ text, model, backend, tokens, positions, warnings }: Lens): string {
  const parts = positions.map(({ token, layers }) => {
    const { target, classes } = layers[layers.length - 1];
    const head = ["after", `rank of ${name(target)}`, "", ...classes.map((_, i) => `${i + 1}.`)];
    const table = layers.map((layer, i) => [
      i ? `block ${i - 1}` : "embeddings",
      String(layer.target.rank),
      share(layer.target),
      ...layer.classes.map((one) => `${name(one)} ${share(one)}`),
    ]);
    return `at token ${token}, ${visible(tokenName(text, tokens[token]))}\n${aligned([head, ...table])}`;
  });
  const about = `${visible(model)} on ${visible(backend)}: ${visible(text)}, ${tokens.length} tokens\n`;
  return [about, ...parts, ...warnings.map((warning) => `${visible(warning)}\n`)].join("\n");
}

const name = ({ label }: ClassScore) => visible(label);

const share = ({ probability = 0 }: ClassScore) => percent(probability);
