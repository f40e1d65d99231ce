import type { Task } from "./task.ts";

type Work = "complete" | "requests" | "placed" | "predicted" | "prediction";

/** What is known of a task at once. @internal */
export type Facts = Omit<Task, Work>;

/** A task that is loaded when a model has it to do; the facts of it are known at once. */
export const later = (facts: Facts, load: () => Promise<Pick<Task, Work>>): Task => ({
  ...facts,
  complete: async (...of) => (await load()).complete?.(...of),
  requests: async (...of) => (await load()).requests(...of),
  placed: async (...of) => (await load()).placed(...of),
  predicted: async (model, one) => (await load()).predicted?.(model, one) ?? one,
  prediction: async (...of) => (await load()).prediction(...of),
});
