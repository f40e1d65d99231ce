import { RelpropError } from "../errors.ts";
import { targetWeights } from "./target.ts";
import type { Task } from "./task.ts";

/** The answer is a part of the text, by logits of where it starts and ends (Devlin et al., 2018). */
export const questionAnswering: Task = {
  name: "question-answering",
  reads: "tokens",
  labels: ["start", "end"],
  scores: "none",
  /** Of start, end and answer, which is the default, in terms of the logits of both ends. */
  targetWeights: (labels, asked) =>
    targetWeights([...labels, "answer"], asked).map(([start, end, answer, rest]) =>
      Float32Array.of(start + answer + rest, 0, 0, end + answer + rest, 0),
    ),
  async selectTokens(model, encoded, { token, signal }) {
    if (token !== undefined)
      throw new RelpropError("InvalidOption", "an answer's ends are found by the model; leave out `token`");
    const { span } = await import("./answer.ts");
    const logits = await model.predict(encoded, signal);
    return encoded.map((one, i) => ({ ...one, reads: span(one, logits[i]) }));
  },
  async prediction(_model, one, logits) {
    const { answer, span } = await import("./answer.ts");
    return { classes: [], answer: answer(one, span(one, logits), logits) };
  },
};
