import type { Encoded } from "../inputs/encoded.ts";
import { maskedLM } from "./masked_lm.ts";
import type { Task, TaskModel } from "./task.ts";
import { masked, readAt } from "./tokens.ts";

/** Which piece of the vocabulary comes after the last token (Radford et al., 2019). */
export const causalLM: Task = {
  ...maskedLM,
  name: "causal-lm",
  reads: "last",
  continues: true,
  selectTokens: async (model, encoded, { token }) =>
    token === undefined ? encoded.map((one) => last(model, one)) : readAt(model, encoded, token),
  predicted: async (model, one) => last(model, one),
};

function last(model: TaskModel, one: Encoded): Encoded {
  return { ...masked(model, one), reads: [one.tokens.length - 1] };
}
