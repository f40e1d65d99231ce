// Decoders after Llama against transformers of either major version in float64 (test/reference/decoders.py): logits, relevance,
// ledgers, ragged batches; and the key/value cache, by which a text goes on with the bits of the whole text.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine } from "../src/engine/engine.ts";
import { keyValueCache } from "../src/generate/cache.ts";
import type { PropagationMethod } from "../src/propagation/composites.ts";
import { load, read } from "../src/runtime/load.ts";
import type { Model } from "../src/runtime/model.ts";
import { compare, shown } from "./compared.ts";
import { type Decoder, decoders, files } from "./decoders.ts";
import { close, places, runsAll } from "./support.ts";

/** The ledgers of layers, heads and neurons close, whatever norms and halves a block has. */
async function halves(model: Model, { name, cases }: Decoder): Promise<void> {
  const method: PropagationMethod[] = ["cp-lrp", "attn-lrp", "gradient-x-input"];
  const token = model.task === "token-classification" ? 1 : undefined;
  const target = model.task === "embedding" ? cases[0].target : undefined;
  const asked = { method, token, target, heads: true, layers: true };
  const dense = !/^(mixtral|olmoe)/.test(name); // blocks of experts alone have no neurons that every token has
  for (const { heads, method, warnings } of await model.explain(
    cases[0].text!,
    dense ? { ...asked, neurons: 1 } : asked,
  )) {
    assert.ok(heads?.length, name);
    assert.equal(
      warnings.filter((warning) => warning.startsWith("the ledger of")),
      [],
      `${name}, ${method}`,
    );
  }
}

/** Classes that transformers 4.57.6 and 5.24.0 have not, by the names in their modeling_auto.py. */
const absent: Readonly<Record<string, string>> = {
  cohere: "SequenceClassification TokenClassification QuestionAnswering",
  gemma: "QuestionAnswering",
  gemma2: "QuestionAnswering",
  gemma3_text: "TokenClassification QuestionAnswering",
  granite: "SequenceClassification TokenClassification QuestionAnswering",
  olmo2: "TokenClassification QuestionAnswering",
  olmo3: "SequenceClassification TokenClassification QuestionAnswering",
  olmoe: "SequenceClassification TokenClassification QuestionAnswering",
  phi: "QuestionAnswering",
  phi3: "QuestionAnswering",
  starcoder2: "QuestionAnswering",
};

const refusals = suite("heads of decoders");
for (const [type, classes] of Object.entries(absent)) {
  refusals(`${type}: a class that transformers has not is refused by its name`, async () => {
    const one = decoders.find(({ name }) => name === `${type} (5)`)!;
    const given = files(one);
    const config = JSON.parse(given["config.json"] as string);
    for (const what of classes.split(" ")) {
      const content = JSON.stringify({ ...config, architectures: [`AFor${what}`] });
      const error = await load({ ...given, "config.json": content }, { backend: "wasm" }).then(
        () => assert.unreachable(`${type} has no ${what}`),
        (error) => error,
      );
      assert.is(error.code, "ConfigUnsupported", error.message);
      assert.match(error.message, /^config\.json's architectures is "AFor/);
    }
  });
}
refusals.run();

for (const place of places) {
  const test = suite(`decoders on ${place.backend}`);
  const options = { ...place, deterministic: true };
  // Else one config of each family, as transformers 5 writes it.
  const some = runsAll(place.backend) ? decoders : decoders.filter(({ name }) => /^\w+ \(5\)$/.test(name));
  for (const one of some) {
    test(one.name, async () => {
      const model = await load(files(one), options);
      try {
        await compare(model, one);
        if (place.backend === "wasm" && one.name.endsWith("(5)")) await halves(model, one);
      } finally {
        await model.dispose();
      }
      if (model.task !== "causal-lm") return;
      const engine = new Engine(await read(files(one), options));
      const [whole] = await engine.encode([`${one.cases[0].text} so`]);
      const cache = keyValueCache(engine);
      const { length } = whole.tokens;
      for (let n = length - 6; n <= length; n++) {
        const text = { ...whole, tokens: whole.tokens.slice(0, n) };
        const [expected] = await engine.predict([text]);
        close(await cache.logits(text), expected, place.backend === "wasm" ? 0 : 1e-6, `${one.name}: ${n} tokens`);
      }
      cache.dispose();
      await engine.dispose();
    });
  }
  test.after(() => console.log(shown()));
  test.run();
}
