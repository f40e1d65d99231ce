// Every task by its name, for those who have no more of a model than that.

import { causalLM } from "./causal_lm.ts";
import { embedding } from "./embedding.ts";
import { imageClassification } from "./images.ts";
import { maskedLM } from "./masked_lm.ts";
import { pointCloudClassification, pointCloudReconstruction } from "./point_clouds.ts";
import { questionAnswering } from "./question_answering.ts";
import { sequenceClassification } from "./sequence_classification.ts";
import { tabularClassification, tabularRegression } from "./tabular.ts";
import type { Task, TaskName } from "./task.ts";
import { tokenClassification } from "./token_classification.ts";

const all = [
  sequenceClassification,
  tokenClassification,
  questionAnswering,
  maskedLM,
  causalLM,
  embedding,
  imageClassification,
  tabularClassification,
  tabularRegression,
  pointCloudClassification,
  pointCloudReconstruction,
];

const byName = new Map(all.map((task) => [task.name, task]));

/** The task that `model.task` names. */
export const taskOf = ({ task }: { task: TaskName }): Task => byName.get(task)!;
