// An encoder with sentence-transformers' modules above it.

import type { Weights } from "../../checkpoint/weights.ts";
import { quote, RelpropError } from "../../errors.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { activations } from "../../ops/activation.ts";
import { add } from "../../ops/elementwise.ts";
import { linear } from "../../ops/linear.ts";
import { normalize } from "../../ops/normalize.ts";
import type { Architecture } from "../family.ts";
import { dense, norm } from "../layers.ts";
import { type Layer, type Modules, unsupported } from "./modules.ts";
import { type Mode, pool, poolingData, readRows } from "./pooling.ts";

/** Where one row, or the mean of all, is read as other heads read them. */
const SIMPLE: Partial<Record<Mode, Architecture["reads"]>> = { cls: "first", mean: "mean", lasttoken: "last" };

const EPS = 1e-5; // of PyTorch's LayerNorm

/** `encoder` as the modules make it; a prompt of `prompt` tokens is left out of pooling if they say so. */
export function embeddingModel(encoder: Architecture, modules: Modules, w: Weights, prompt: number): Architecture {
  if (!encoder.task.embeds) {
    const message = `modules.json wraps a model for ${encoder.task.name}; supported are text encoders`;
    throw new RelpropError("ConfigUnsupported", message, { task: encoder.task });
  }
  const { modes, layers, maxTokens = encoder.positions } = modules;
  const skip = modules.includePrompt ? 0 : prompt;
  const reads = modes.length === 1 && !skip ? SIMPLE[modes[0]] : undefined;
  const steps: ((x: Tensor) => Tensor)[] = [];
  let width = encoder.labels.length * modes.length;
  for (const layer of layers) {
    const step = above(layer, w, width);
    steps.push(step.apply);
    width = step.width;
  }
  return {
    ...encoder,
    positions: Math.min(encoder.positions, maxTokens),
    truncates: true,
    similarity: modules.similarity,
    labels: Array.from({ length: width }, (_, i) => String(i)),
    reads: reads ?? "mean",
    pad: undefined,
    pool: reads ? undefined : (batch, t) => poolingData(batch, t, modes, skip),
    network(embedded) {
      const [batch, t] = embedded.tokenEmbeddings.shape;
      const net = encoder.network(reads ? embedded : { ...embedded, rowSelection: readRows(batch, t, modes) });
      const pooled = reads ? net.logits : pool(net.logits, modes);
      return { ...net, logits: steps.reduce((x, step) => step(x), pooled) };
    },
  };
}

/** What a module makes of vectors `width` wide. Its weights are checked here. */
function above(layer: Layer, w: Weights, width: number): { apply(x: Tensor): Tensor; width: number } {
  if (layer.type === "Normalize") return { apply: normalize, width };
  if (layer.type === "LayerNorm") {
    const own = w.at(`${layer.folder}/norm`);
    own.demand("weight", [width]);
    return { apply: (x) => norm(x, own, EPS), width };
  }
  const { folder, file, config, bias, residual, activation } = layer;
  const own = w.at(`${folder}/linear`);
  const out = own.shape("weight")?.[0] ?? 0;
  own.demand("weight", [out, width]);
  for (const [name, actual] of Object.entries({ in_features: width, out_features: out })) {
    if ((Object.hasOwn(config, name) ? config[name] : actual) === actual) continue;
    const message = `${file}'s ${name} is ${quote(config[name])}, but ${own.name("weight")} says ${actual}`;
    throw new RelpropError("ConfigMismatch", message, { field: name, config: config[name], actual });
  }
  if (bias !== Boolean(own.shape("bias"))) {
    const message = `${file}'s bias is ${bias}, but ${own.name("bias")} is ${bias ? "not " : ""}there`;
    throw new RelpropError("ConfigMismatch", message, { field: "bias" });
  }
  const act = activationOf(activation, file);
  return {
    width: out,
    apply(x) {
      const y = act(dense(x, own, out));
      if (!residual) return y;
      return add(y, width === out ? x : linear(x, w.get(`${folder}/residual.weight`, [out, width])));
    },
  };
}

/** PyTorch's classes by what transformers calls their function. */
const CLASSES: Record<string, string> = {
  Tanh: "tanh",
  ReLU: "relu",
  GELU: "gelu",
  SiLU: "silu",
  Mish: "mish",
  ReLU6: "relu6",
  LeakyReLU: "leaky_relu",
  Sigmoid: "sigmoid",
};

function activationOf(name: string, file: string): (x: Tensor) => Tensor {
  const own = name.startsWith("torch.nn.") ? name.split(".").pop()! : name;
  if (own === "Identity") return (x) => x;
  const act = Object.hasOwn(CLASSES, own) ? activations.get(CLASSES[own]) : undefined;
  if (act) return act;
  const known = Object.keys(CLASSES).filter((each) => activations.has(CLASSES[each]));
  throw unsupported(file, "activation_function", name, `supported are PyTorch's Identity, ${known.join(", ")}`);
}
