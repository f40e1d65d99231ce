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
  selectTokens: async (...of) => (await import("./answer.ts")).selectTokens(...of),
  prediction: async (_model, one, logits) => ({
    classes: [],
    answer: (await import("./answer.ts")).answer(one, logits),
  }),
};
