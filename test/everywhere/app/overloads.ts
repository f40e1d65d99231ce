// What type each call has. A user's compiler must accept this file in every version, also without DOM and @types/node.
import {
  type Attribution,
  type AttributionMethod,
  type AttributionName,
  type Composite,
  type Diagnosis,
  type ExplainedToken,
  type Explanation,
  type GeneratedToken,
  type Generation,
  type Input,
  type Ledger,
  load,
  type Method,
  type MethodName,
  type Model,
  methodNames,
  type Prediction,
  type PropagationMethod,
  type Token,
  type TokenRelevance,
} from "relprop";
import { chooseMethod, type Evaluation, evaluate, type MethodChoice } from "relprop/evaluate";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles if the value's type is exactly this one. */
declare function is<Wanted>(): <Given>(value: Given, same: Same<Given, Promise<Wanted>>) => void;
declare function exactly<Wanted>(): <Given>(value: Given, same: Same<Given, Wanted>) => void;

declare const model: Model;
declare const texts: readonly Input[];
declare const input: Input;
declare const text: string;

// A method by its name, as a composite, with options.
is<Explanation>()(model.explain(text), true);
is<Explanation>()(model.explain(text, {}), true);
is<Explanation>()(model.explain(input, { method: "attn-lrp", at: "words", layers: true }), true);
is<Explanation>()(model.explain(text, { method: { norm: "identity", linear: ["epsilon", { eps: 1e-6 }] } }), true);
is<Explanation[]>()(model.explain(texts), true);
is<Explanation[]>()(model.explain(["a", { text: "b", pair: "c" }], { method: "cp-lrp", target: "positive" }), true);
is<Attribution>()(model.explain(text, { method: "occlusion" }), true);
is<Attribution>()(model.explain(text, { method: { name: "occlusion", baseline: "unk" } }), true);
is<Attribution>()(model.explain(text, { method: { name: "kernel-shap", samples: 9, seed: 1 }, token: 1 }), true);
is<Attribution[]>()(model.explain(texts, { method: "random", contrast: 0, groups: "words" }), true);

// A method in a variable.
declare const any: MethodName;
declare const propagating: PropagationMethod;
declare const other: AttributionName;
declare const withOptions: AttributionMethod;
declare const composite: Composite;
declare const method: Method;
is<Explanation | Attribution>()(model.explain(text, { method: any }), true);
is<Explanation | Attribution>()(model.explain(text, { method, target: 1 }), true);
is<Explanation[] | Attribution[]>()(model.explain(texts, { method: any }), true);
is<Explanation>()(model.explain(text, { method: propagating }), true);
is<Explanation>()(model.explain(text, { method: composite }), true);
is<Explanation[]>()(model.explain(texts, { method: propagating }), true);
is<Attribution>()(model.explain(text, { method: other }), true);
is<Attribution>()(model.explain(text, { method: withOptions }), true);
const either = await model.explain(text, { method: any });
exactly<number>()(either.tokens[0].relevance, true);
// @ts-expect-error: an attribution has no ledger
either.ledger;
if ("ledger" in either) exactly<Ledger>()(either.ledger, true);
else exactly<number>()(either.forwardPasses, true);

// Lists give lists.
is<Explanation[]>()(model.explain(text, { method: ["cp-lrp", "attn-lrp"] }), true);
is<Explanation[]>()(model.explain(text, { target: model.labels }), true);
is<Explanation[]>()(model.explain(text, { target: [0, undefined], contrast: "b" }), true);
is<Explanation[][]>()(model.explain(texts, { method: [propagating, composite], at: ["words", "embeddings"] }), true);
is<Attribution[]>()(model.explain(text, { method: ["occlusion", { name: "smoothgrad", noise: 0.2 }] }), true);
is<Attribution[]>()(model.explain(text, { method: "saliency", target: [0, 1] }), true);
is<Attribution[][]>()(model.explain(texts, { method: [other, "random"] }), true);
is<Explanation[] | Attribution[]>()(model.explain(text, { method: [any] }), true);
is<Explanation[] | Attribution[]>()(model.explain(text, { method: any, target: [0, 1] }), true);
is<Explanation[][] | Attribution[][]>()(model.explain(texts, { method: methodNames }), true);

// The other calls.
is<Prediction>()(model.predict(text), true);
is<Prediction[]>()(model.predict(texts), true);
is<Token[]>()(model.tokenize(input), true);
is<Token[][]>()(model.tokenize(texts, { truncate: true }), true);
is<Diagnosis>()(model.diagnose(text, { weights: true }), true);
is<Diagnosis[]>()(model.diagnose(texts), true);
is<Generation>()(model.generate(text), true);
is<Generation<ExplainedToken>>()(model.generate(text, { explain: true }), true);
const { tokens: added } = await model.generate(text, { explain: { method: "attn-lrp", at: "words" } });
is<Generation>()(model.generate({ messages: [{ role: "user", content: text }] }, { stop: ["."], logprobs: 3 }), true);
for await (const token of model.stream(text, { minP: 0.1, repetitionPenalty: 1.1 })) {
  exactly<GeneratedToken>()(token, true);
  break;
}
for await (const token of model.stream(text, { explain: true })) {
  exactly<Explanation>()(token.explanation, true);
  break;
}
exactly<TokenRelevance[]>()(added[3].explanation.tokens, true);
is<Model>()(load("./model", { backend: "wasm" }), true);

// What names a method.
declare const name: string;
// @ts-expect-error: a string may be the name of no method
model.explain(text, { method: name });
const found = methodNames.find((one) => one === name);
exactly<MethodName | undefined>()(found, true);
if (found) is<Explanation | Attribution>()(model.explain(text, { method: found }), true);

// What is refused.
// @ts-expect-error: a typing error in a name
model.explain(text, { method: "cp-lpr" });
// @ts-expect-error: no such option
model.explain(text, { methods: "cp-lrp" });
// @ts-expect-error: no such reading point
model.explain(text, { at: "logits" });
// @ts-expect-error: no such option of this method
model.explain(text, { method: { name: "occlusion", steps: 3 } });
// @ts-expect-error: no such token to put in its place
model.explain(text, { method: { name: "occlusion", baseline: "nothing" } });
// @ts-expect-error: methods of both kinds in one list
is<Explanation[]>()(model.explain(text, { method: ["cp-lrp", "occlusion"] }), true);
// @ts-expect-error: no such op
model.explain(text, { method: { conv: "identity" } });
// @ts-expect-error: no such rule of this op
model.explain(text, { method: { norm: "uniform" } });
// @ts-expect-error: a method that does not propagate is read at embeddings
model.explain(text, { method: "rollout", at: "words" });
// @ts-expect-error: nor has it layers
model.explain(text, { method: "rollout", layers: true });
// @ts-expect-error: generated tokens are explained by propagation
model.generate(text, { explain: { method: "occlusion" } });
// @ts-expect-error: a cosine or a dot product, not both
model.explain(text, { objective: { cosine: text, dot: text, what: 1 } });

// `special` says where a token is.
for (const token of (await model.explain(text)).tokens) {
  exactly<number | null>()(token.start, true);
  if (!token.special) {
    exactly<number>()(token.start, true);
    text.slice(token.start, token.end);
  }
  if (token.start === null) {
    exactly<true>()(token.special, true);
    exactly<null>()(token.end, true);
  } else exactly<number>()(token.end, true);
}
for (const token of (await model.predict(text)).tokens ?? []) {
  if (!token.special) exactly<number>()(token.end, true);
  exactly<string>()(token.classes[0].label, true);
}
exactly<number>()(added[0].start, true);

// Evaluation.
is<Evaluation>()(
  evaluate(model, [{ text, label: 1 }], { methods: ["cp-lrp", "kernel-shap:50"], protocol: "aopc" }),
  true,
);
is<Evaluation>()(
  evaluate(model, [{ text, label: 1 }], { methods: { mine: composite, few: "rollout:9", other } }),
  true,
);
// @ts-expect-error: no such protocol
evaluate(model, [], { protocol: "ali2023" });
is<MethodChoice>()(chooseMethod(model, [text]), true);
const chosen = await chooseMethod(model, [text]);
is<Explanation>()(model.explain(text, { method: chosen.method }), true);
const wide = await chooseMethod(model, [text], { methods: ["cp-lrp", "occlusion"] });
exactly<"cp-lrp" | "occlusion">()(wide.method, true);
