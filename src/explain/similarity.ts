// Which token of one text goes with which of another: the relevance of a dot product or cosine of two embeddings by pairs of
// tokens (BiLRP: Eberle et al., 2020). Each number of an embedding is explained in both texts.

import type { Engine } from "../engine/engine.ts";
import { type Entry, nothing } from "../graph/ledger.ts";
import type { Encoded } from "../inputs/encoded.ts";
import type { Explanation, Interactions, Ledger } from "./explanation.ts";
import { relevance } from "./relevance.ts";
import type { ExplainRequest } from "./request.ts";
import { magnitude, share, unclosed } from "./residual.ts";

/** By reading points: of one method, the only one of `asked`. */
export async function interactions(
  engine: Engine,
  one: Encoded,
  other: Encoded,
  norms: number,
  request: ExplainRequest,
  signal?: AbortSignal,
): Promise<Interactions[]> {
  const width = engine.info.labels.length;
  const requests = Array.from({ length: width }, (_, m) => {
    const row = new Float32Array(width + 1);
    row[m] = 1;
    return row;
  });
  const bare = { ...request, targetWeights: requests, layers: false, breakdownOptions: undefined };
  const [mine, theirs] = await relevance(engine, [one, other], bare, signal);
  const points = request.readingPoints.length;
  return request.readingPoints.map((_, p) => joint(every(mine, points, p), every(theirs, points, p), norms));
}

/** The warning, if their ledger does not close. */
export const warningsOf = ({ relevance, ledger }: Interactions): string[] =>
  unclosed("the interactions", [share(ledger, magnitude(relevance.flat()))]);

const every = <T>(list: readonly T[], step: number, from: number) => list.filter((_, i) => i % step === from);

/** Explanations a[m] and b[m] of all numbers of two embeddings: of Σ a[m] b[m] / norms. */
function joint(a: readonly Explanation[], b: readonly Explanation[], norms: number): Interactions {
  const relevance = a[0].tokens.map(() => b[0].tokens.map(() => 0));
  for (const [m, { tokens }] of a.entries()) {
    const right = b[m].tokens;
    tokens.forEach((token, i) => {
      const share = token.relevance / norms;
      const row = relevance[i];
      for (let j = 0; j < row.length; j++) row[j] += share * right[j].relevance;
    });
  }
  // x y = Σ of what tokens have in both, and what an entry keeps in one of them: of x by all of y, of y by the tokens of x.
  const both = (of: (x: Ledger, y: Ledger) => number) =>
    a.reduce((sum, { ledger }, m) => sum + of(ledger, b[m].ledger) / norms, 0);
  const kept = (entry: Entry | "residual") => both((x, y) => x[entry] * y.logit + x.tokens * y[entry]);
  const entries = { ...nothing };
  for (const entry of Object.keys(entries) as Entry[]) entries[entry] = kept(entry);
  return {
    tokens: b[0].tokens.map((token, j) => ({ ...token, relevance: relevance.reduce((sum, row) => sum + row[j], 0) })),
    relevance,
    ledger: {
      logit: both((x, y) => x.logit * y.logit),
      tokens: relevance.flat().reduce((sum, v) => sum + v, 0),
      ...entries,
      residual: kept("residual"),
    },
  };
}
