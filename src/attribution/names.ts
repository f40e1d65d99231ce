// The names of all methods.

import { methods, type PropagationMethod } from "../propagation/composites.ts";

/** The methods that do not propagate; their table is methods.ts. */
export const attributionNames = [
  "saliency",
  "integrated-gradients",
  "smoothgrad",
  "attention-last",
  "rollout",
  "attention-flow",
  "gae",
  "grad-rollout",
  "occlusion",
  "kernel-shap",
  "random",
] as const;

/** The names of the methods that do not propagate. */
export type AttributionName = (typeof attributionNames)[number];

/** The name of a method of explain(). */
export type MethodName = PropagationMethod | AttributionName;

/** The names of all methods of explain(), those that propagate first. */
export const methodNames: readonly MethodName[] = [...methods.keys(), ...attributionNames];
