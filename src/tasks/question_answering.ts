import { later } from "./later.ts";

/** The answer is a part of the text, by logits of where it starts and ends (Devlin et al., 2018). */
export const questionAnswering = later(
  { name: "question-answering", reads: "tokens", labels: ["start", "end"], scores: "none" },
  async () => (await import("./work/question_answering.ts")).work,
);
