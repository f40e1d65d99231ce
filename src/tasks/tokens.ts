// Shared by tasks with logits of single tokens.

import { quote, RelpropError } from "../errors.ts";
import type { Encoded } from "../inputs/encoded.ts";
import type { TokenClasses } from "./prediction.ts";
import { rowOf, scored } from "./scores.ts";
import type { TaskModel } from "./task.ts";

/** The texts, of which the logits of one token are read. Throws `InvalidOption`. */
export function readAt(model: TaskModel, encoded: readonly Encoded[], token?: number | string): Encoded[] {
  if (token !== undefined) return encoded.map((one) => ({ ...masked(model, one), reads: [tokenIndex(one, token)] }));
  throw new RelpropError("InvalidOption", "this model has logits of each token: select one with `token`");
}

/** Without the warning that a mask is read as one, which is what it is there for. */
export function masked({ tokenizer: { maskId } }: TaskModel, one: Encoded): Encoded {
  const mask = one.tokens.find(({ id }) => id === maskId)?.text;
  return { ...one, warnings: one.warnings.filter((warning) => !mask || !warning.includes(quote(mask))) };
}

/** The masked tokens. Throws `InvalidOption` where there are none. */
export function masks({ tokenizer: { maskId } }: TaskModel, { text, tokens }: Encoded): number[] {
  const found = [...tokens.keys()].filter((j) => tokens[j].id === maskId);
  if (found.length) return found;
  const mask = "put the mask token in the text, or select a token with `token`";
  throw new RelpropError("InvalidOption", `${quote(text)} has no mask token: ${mask}`);
}

/** A token's place: its own, or that of the first one that stands where this part of the text does. */
function tokenIndex({ text, tokens }: Encoded, token: number | string): number {
  if (typeof token === "number") {
    if (token < tokens.length) return token;
    throw new RelpropError(
      "InvalidOption",
      `there is no token ${quote(token)}; this text has 0 to ${tokens.length - 1}`,
    );
  }
  const from = text.indexOf(token);
  const found = from < 0 ? from : tokens.findIndex(({ start, end }) => start !== null && start <= from && end! > from);
  if (found >= 0) return found;
  throw new RelpropError("InvalidOption", `no token of ${quote(text)} is at ${quote(token)}`);
}

/** The class scores of the tokens at these indices, by default of all; `logits` has a row for each. */
export const classesOf = (
  { architecture }: TaskModel,
  { tokens }: Encoded,
  logits: Float32Array,
  positionEmbeddings: readonly number[] = [...tokens.keys()],
): TokenClasses[] =>
  positionEmbeddings.map((j, row) => ({
    ...tokens[j],
    classes: scored(architecture, rowOf(logits, row, architecture.labels.length)).classes,
  }));

const top = <T extends { logit: number }>(classes: readonly T[]): T =>
  classes.reduce((best, one) => (one.logit > best.logit ? one : best));

/** The token that is most surely of a class other than "O", or of any. */
export function surest(tokens: readonly TokenClasses[]): number {
  const best = tokens.map(({ classes }) => top(classes));
  const own = [...tokens.keys()].filter((j) => tokens[j].start !== null);
  const names = own.filter((j) => best[j].label !== "O");
  const among = names.length ? names : own.length ? own : [...tokens.keys()];
  return among.reduce((a, b) => (best[b].probability! > best[a].probability! ? b : a));
}
