// What a model predicts, as lines for people.

import { tokenName } from "../render/summary.ts";
import { percent, visible } from "../render/text.ts";
import type { ClassScore, Prediction } from "../tasks/prediction.ts";

export function predictionText({
  text: whole,
  classes,
  tokens,
  answer,
  embedding,
  model,
  backend,
}: Prediction): string {
  const rows = tokens
    ? tokens.map((token) => `${visible(tokenName(whole, token)).padEnd(16)} ${row(best(token.classes)[0])}`)
    : best(classes).map(row);
  if (answer) rows.push(`${visible(answer.text)}  (logits ${answer.logit.toFixed(4)})`);
  if (embedding) rows.push(`[${embedding.map((v) => v.toFixed(4)).join(", ")}]`);
  return `${rows.join("\n")}\n(${visible(model)}, ${backend})\n`;
}

const best = (classes: readonly ClassScore[]) => [...classes].sort((a, b) => b.logit - a.logit);

function row({ label, logit, probability }: ClassScore): string {
  const share = probability === undefined ? "" : percent(probability);
  return `${share.padStart(8)}  ${logit.toFixed(4).padStart(9)}  ${visible(label)}`;
}
