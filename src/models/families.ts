// The families other than BERT; every page loads BERT at once.

import { unsupported } from "./config.ts";
import type { Family } from "./family.ts";

const plain = (type: string) => async () => (await import("./plain_transformer.ts")).plainTransformer(type);

/** Families by `model_type`, each loaded when a checkpoint asks for it. */
const families = new Map<string, () => Promise<Family>>([
  ["albert", async () => (await import("./albert.ts")).albert],
  ["bloom", async () => (await import("./bloom.ts")).bloom],
  ["camembert", async () => (await import("./roberta.ts")).xlmRoberta],
  ["cohere", async () => (await import("./cohere.ts")).cohere],
  ["deberta-v2", async () => (await import("./deberta_v2.ts")).debertaV2],
  ["deit", async () => (await import("./vit.ts")).vit],
  ["dinov2", async () => (await import("./dinov2.ts")).dinov2],
  ["distilbert", async () => (await import("./distilbert.ts")).distilbert],
  ["energy_transformer", plain("energy_transformer")],
  ["electra", async () => (await import("./electra.ts")).electra],
  ["linear_regression_transformer", plain("linear_regression_transformer")],
  ["looped_linear_transformer", plain("looped_linear_transformer")],
  ["one_layer_vit", plain("one_layer_vit")],
  ["residual_scaled_encoder", plain("residual_scaled_encoder")],
  ["nope_gpt", async () => (await import("./gpt2.ts")).nopeGpt],
  ["skip_layer_gpt", async () => (await import("./gpt2.ts")).skipLayerGpt],
  ["point_mae", async () => (await import("./point_mae.ts")).pointMae],
  ["gpt2", async () => (await import("./gpt2.ts")).gpt2],
  ["mixtral", async () => (await import("./mixtral.ts")).mixtral],
  ["olmoe", async () => (await import("./olmoe.ts")).olmoe],
  ["qwen2_moe", async () => (await import("./qwen_moe.ts")).qwen2Moe],
  ["qwen3_moe", async () => (await import("./qwen_moe.ts")).qwen3Moe],
  ["gpt_neox", async () => (await import("./gpt_neox.ts")).gptNeoX],
  ["granite", async () => (await import("./granite.ts")).granite],
  ["gemma", async () => (await import("./gemma.ts")).gemma],
  ["gemma2", async () => (await import("./gemma.ts")).gemma2],
  ["gemma3", async () => (await import("./gemma3.ts")).gemma3],
  ["gemma3_text", async () => (await import("./gemma.ts")).gemma3Text],
  ["llama", async () => (await import("./llama.ts")).llama],
  ["mistral", async () => (await import("./mistral.ts")).mistral],
  ["modernbert", async () => (await import("./modernbert.ts")).modernbert],
  ["mpnet", async () => (await import("./mpnet.ts")).mpnet],
  ["olmo2", async () => (await import("./olmo2.ts")).olmo2],
  ["olmo3", async () => (await import("./olmo3.ts")).olmo3],
  ["phi", async () => (await import("./phi.ts")).phi],
  ["phi3", async () => (await import("./phi3.ts")).phi3],
  ["qwen2", async () => (await import("./qwen2.ts")).qwen2],
  ["qwen3", async () => (await import("./qwen3.ts")).qwen3],
  ["roberta", async () => (await import("./roberta.ts")).roberta],
  ["smollm3", async () => (await import("./smollm3.ts")).smollm3],
  ["starcoder2", async () => (await import("./starcoder2.ts")).starcoder2],
  ["vit", async () => (await import("./vit.ts")).vit],
  ["xai_transformer", async () => (await import("./xai_transformer.ts")).xaiTransformer],
  ["xlm-roberta", async () => (await import("./roberta.ts")).xlmRoberta],
]);

/** Every `model_type` that is supported. */
export const modelTypes = (): string[] => ["bert", ...families.keys()];

/** The family that config.json's `model_type` names. */
export async function family(type: unknown): Promise<Family> {
  const found = typeof type === "string" ? families.get(type) : undefined;
  if (found) return found();
  throw unsupported("model_type", type, `supported are ${modelTypes().join(", ")}`);
}
