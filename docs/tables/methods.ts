// What docs/understand/methods.md says of methods, in addition to their own files.

import type { AttributionName } from "../../src/attribution/names.ts";
import type { PropagationMethod } from "../../src/propagation/composites.ts";

/** Who published a method that propagates. What it does to each op is read from its composite. */
export const sources: Readonly<Record<PropagationMethod, string>> = {
  "cp-lrp": "Ali et al. 2022 (AH + LN), with Achtibat et al.'s identity rule",
  "cp-lrp-gamma": "measured best for point clouds",
  "lrp-ah": "Ali et al. 2022",
  "lrp-ln": "Ali et al. 2022",
  "lrp-ah-ln": "Ali et al. 2022",
  "attn-lrp": "Achtibat et al. 2024",
  "attn-lrp-gamma": "Achtibat et al. 2024, for images",
  "gradient-x-input": "Simonyan et al. 2013",
};

interface Told {
  what: string;
  source: string;
}

/** Methods that do not propagate, with their options; defaults are read from their files. */
export const attributionNotes: Readonly<Record<AttributionName, Told>> = {
  saliency: { what: "the gradient's norm", source: "Simonyan et al. 2013" },
  "integrated-gradients": {
    what: "from a `baseline` (special tokens stay), Gauss–Legendre with `steps` nodes; complete",
    source: "Sundararajan et al. 2017",
  },
  smoothgrad: {
    what: "x · the mean gradient of `samples`, `noise` as a share of the embeddings' range, `seed`",
    source: "Smilkov et al. 2017",
  },
  "attention-last": {
    what: "the last block's attention to a token, summed over all tokens",
    source: "as in Ali et al. 2022",
  },
  rollout: {
    what: "attention multiplied through the blocks, summed over all tokens",
    source: "Abnar and Zuidema 2020",
  },
  "attention-flow": {
    what: "the largest flow through attention from every token at the top",
    source: "Abnar and Zuidema 2020",
  },
  gae: {
    what: "attention times its gradient, through the blocks, as published; [CLS]'s row",
    source: "Chefer et al. 2021",
  },
  "grad-rollout": {
    what: "what Ali et al.'s code runs as GAE: a rollout of attention times its gradient",
    source: "Ali et al. 2022",
  },
  occlusion: {
    what: "the logit less that without the token, which is replaced by the `baseline` token",
    source: "Li et al. 2016",
  },
  "kernel-shap": {
    what: "Shapley values by least squares over `samples` coalitions (0: 2 · tokens + 2048; all of them if few); left-out tokens become `baseline`; `seed`",
    source: "Lundberg and Lee 2017",
  },
  random: { what: "normal numbers of a `seed`", source: "" },
};
