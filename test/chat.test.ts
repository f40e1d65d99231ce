// Conversations: the texts that transformers' apply_chat_template makes of them (reference/chat.py), which tokens are the
// template's, and what templates may not do.

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { library, template } from "../src/inputs/chat/template.ts";
import type { Conversation, Message } from "../src/inputs/encoded.ts";
import { load } from "../src/runtime/load.ts";
import type { LocalOptions } from "../src/runtime/options.ts";
import { code } from "./shipped.ts";
import { places } from "./support.ts";

const at = (path: string) => readFileSync(new URL(`reference/${path}`, import.meta.url));
interface Case {
  name: string;
  template: string;
  texts: (string | null)[];
  /** Of conversations with more than roles and contents. */
  withTexts: (string | null)[];
}
interface Reference {
  named: object;
  conversations: Message[][];
  with: Required<Pick<Conversation, "messages" | "variables">>[];
  cases: Case[];
}
const { named, conversations, with: more, cases }: Reference = JSON.parse(at("chat.json").toString());
const { decoders } = JSON.parse(at("decoders.json").toString());
const { config } = decoders.find(({ name }: { name: string }) => name === "llama (5)");

/** The tiny Llama, whose special tokens are those of templates. */
const files = (chatTemplate: unknown, more: Record<string, string> = {}) => ({
  "config.json": JSON.stringify({ ...config, max_position_embeddings: 512 }),
  "model.safetensors": new Uint8Array(at("decoders/llama/model.safetensors")),
  "tokenizer.json": at("decoders/tokenizer.json")
    .toString()
    .replaceAll("[CLS]", "<|im_start|>")
    .replaceAll("[SEP]", "<|im_end|>")
    .replaceAll("[MASK]", "<s>")
    .replaceAll("[PAD]", "</s>"),
  "tokenizer_config.json": JSON.stringify({
    tokenizer_class: "PreTrainedTokenizerFast",
    bos_token: "<s>",
    eos_token: "</s>",
    ...(chatTemplate !== undefined && { chat_template: chatTemplate }),
  }),
  ...more,
});

const test = suite("chat templates");

test("texts as transformers renders them", async () => {
  const jinja = await library();
  for (const { name, template: source, texts } of cases) {
    const render = template(jinja, source);
    for (const [k, messages] of conversations.entries()) {
      const ask = async () => render({ ...named, messages, add_generation_prompt: true }, 1000);
      if (texts[k] === null) assert.is(await code(ask()), "InvalidInput", `${name}, ${k}`);
      else assert.is(await ask(), texts[k], `${name}, ${k}`);
    }
  }
});

test("tools, documents and variables of the template, calls in messages", async () => {
  for (const { name, template: source, withTexts } of cases) {
    const model = await load(files(source), { ...places[0], deterministic: true });
    for (const [k, input] of more.entries()) {
      if (withTexts[k] === null) assert.is(await code(model.predict(input)), "InvalidInput", `${name}, ${k}`);
      else
        assert.is(
          (await model.generate(input, { maxNewTokens: 1 })).text.startsWith(withTexts[k]),
          true,
          `${name}, ${k}`,
        );
    }
    await model.dispose();
  }
});

const hostile: Record<string, string> = {
  "a long loop": "{% for i in range(10**9) %}x{% endfor %}",
  "loops in loops": `${"{% for i in range(1000) %}".repeat(4)}x${"{% endfor %}".repeat(4)}`,
  "texts that double": `{% set ns = namespace(x='ab') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}`,
  "lists that double": `{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}`,
  "lists that grow": `{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}`,
  "a list in itself": "{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}",
  "namespaces in one another": `{% set ns = namespace() %}{% for i in range(60) %}{% set ns.x = namespace(a=ns.x, b=ns.x) %}{% endfor %}`,
  "macros that call themselves": "{% macro f(x) %}{{ f(x) }}{{ f(x) }}{% endmacro %}{{ f(1) }}",
  "much in place of little": `{% set a = 'a' * 1 if false else 'aaaaaaaa' %}${"{% set a = a.replace('a', 'aaaaaaaa') %}".repeat(9)}{{ a }}`,
  "filters that widen": `{{ (range(9999) | join('${"x".repeat(9999)}')) | length }}`,
  indents: "{{ 'a\\nb\\nc' | indent(400000000) }}",
  "JSON far to the right": "{{ [[[[1]]]] | tojson(indent=300000000) }}",
  "a search that goes back": `{% set ns = namespace(n=0) %}{% set a = range(9999) | join('a') %}{% for i in range(9999) %}{% if a + 'b' in a ~ a %}{% endif %}{% endfor %}`,
  "brackets in brackets": `{{ ${"(".repeat(50000)}1${")".repeat(50000)} }}`,
  "white space without end": `${" ".repeat(100000)}{% x`,
  "a template without end": "x".repeat(2 ** 19),
};

test("templates that make work without end are refused", async () => {
  const jinja = await library();
  for (const [name, source] of Object.entries(hostile)) {
    const ask = async () => template(jinja, source)({ messages: conversations[0], add_generation_prompt: true }, 100);
    assert.is(await code(ask()), "LimitExceeded", name);
  }
  for (const source of [
    "{% for %}",
    "{{ 'a",
    "{% if x %}",
    "{{ x | nothing }}",
    "{{ nothing() }}",
    "{{ '%q' | strftime_now }}",
  ]) {
    const ask = async () => template(jinja, source)({ messages: [] }, 0);
    assert.ok(["TokenizerInvalid", "InvalidInput"].includes(await code(ask())), source);
  }
});

for (const place of places) {
  const test = suite(`conversations on ${place.backend}`);
  const options: LocalOptions = { ...place, deterministic: true };
  const chatml = cases[0].template;

  test("tokens of the template are special, those of messages are not, and messages are groups", async () => {
    for (const { name, template, texts } of place.backend === "wasm" ? cases : cases.slice(0, 1)) {
      const model = await load(files(template), options);
      for (const [k, messages] of conversations.entries()) {
        if (texts[k] === null || !texts[k]) continue;
        const where = `${name}, ${k}`;
        const told = await model
          .explain({ messages }, { groups: "messages" })
          .catch((error) => assert.unreachable(`${where}: ${error}`) as never);
        assert.is(told.text, texts[k], where);
        assert.equal(
          told.tokens.map(({ id }) => id),
          (await model.tokenize(texts[k])).map(({ id }) => id),
          `${where}: nothing is put around the template's text`,
        );
        const spans = told.messages!;
        for (const { message, role, start, end } of spans) {
          assert.is(role, messages[message].role);
          const own = told.text.slice(start, end);
          const { content } = messages[message];
          assert.ok(
            [content, content.toUpperCase(), JSON.stringify(content)].some((one) => one.includes(own)) && own.trim(),
            `${where}: ${own}`,
          );
        }
        // What a message says is as often in the spans as in the text, unless roles or the template say the same.
        const words = (text: string) => text.split(/\W+/).filter((word) => /^(sea|sings|it)$/i.test(word)).length;
        assert.is(words(spans.map(({ start, end }) => told.text.slice(start, end)).join(" ")), words(told.text), where);
        for (const { special, start, end, text } of told.tokens) {
          const inside = spans.some((span) => start! < span.end && span.start < end!);
          assert.is(special, !inside || text === "<|im_end|>", `${where}: ${text}`);
        }
        const { spans: groups, rest } = told.groups!;
        assert.equal(
          groups.map(({ message }) => message),
          spans.map(({ message }) => message),
        );
        const sum = rest + groups.reduce((n, { relevance }) => n + relevance, 0);
        const [tokens, size] = [told.ledger.tokens, told.tokens.reduce((n, { relevance: r }) => n + Math.abs(r), 0)];
        assert.ok(Math.abs(sum - tokens) < 1e-6 * size, where);
      }
      await model.dispose();
    }
  });

  test("an answer goes on, is explained, and ends at any of the stop tokens", async () => {
    const input = { messages: conversations[1] };
    const model = await load(
      files([
        { name: "tool", template: "x" },
        { name: "default", template: chatml },
      ]),
      options,
    );
    const { text, promptLength, tokens } = await model.generate(input, {
      maxNewTokens: 6,
      explain: { groups: "messages" },
    });
    assert.is(text.slice(0, promptLength), cases[0].texts[1]);
    const same = await model.generate(text.slice(0, promptLength), { maxNewTokens: 6 });
    assert.equal(
      same.tokens.map(({ id, logit }) => [id, logit]),
      tokens.map(({ id, logit }) => [id, logit]),
      "it is the same text",
    );
    const own = tokens.map(({ explanation }) => explanation!.messages!.map(({ message }) => message));
    assert.equal(own.slice(0, 2), [
      [0, 1],
      [0, 1, 2],
    ]);
    const answer = text.slice(promptLength).trimStart();
    const begun = await model.generate({ ...input, answer: answer.slice(0, 1) }, { maxNewTokens: 1 });
    assert.is(begun.promptLength, promptLength + 1);
    const told = await model.explain(input, { continuation: "so it is", groups: "messages" });
    assert.equal(
      told.groups!.spans.map(({ role, text }) => [role, text]),
      [...input.messages.map(({ role, content }) => [role, content]), ["assistant", "so it is"]],
    );
    await model.dispose();

    const ids = tokens.map(({ id }) => id);
    const unused = Array.from({ length: 45 }, (_, id) => id).find((id) => !ids.includes(id));
    const generation = { eos_token_id: [unused, ids[2]], repetition_penalty: 1 };
    const more = { "generation_config.json": JSON.stringify(generation), "chat_template.jinja": chatml };
    const stopping = await load(files("not this one", more), options);
    const stopped = await stopping.generate(input, { maxNewTokens: 6 });
    assert.is(stopped.finishReason, "stop");
    assert.equal(stopped.tokens, same.tokens.slice(0, ids.indexOf(ids[2])));
    await stopping.dispose();

    const penal = {
      ...more,
      "generation_config.json": JSON.stringify({ eos_token_id: unused, repetition_penalty: 1.9 }),
    };
    const penalized = await load(files(chatml, penal), options);
    const how = { maxNewTokens: 6 };
    assert.equal(
      await penalized.generate(input, how),
      await penalized.generate(input, { ...how, repetitionPenalty: 1.9 }),
    );
    assert.equal((await penalized.generate(input, { ...how, repetitionPenalty: 1 })).tokens, same.tokens);
    await penalized.dispose();
  });

  test("what cannot be asked, and what is missing", async () => {
    const model = await load(files(chatml), options);
    const wrong: unknown[] = [
      { messages: [] },
      { messages: [{ role: "user" }] },
      { messages: [{ role: "user", content: null, tool_calls: [] }] },
      { messages: conversations[0], variables: [] },
      { messages: conversations[0], variables: "tools" },
      { messages: conversations[0], variables: { messages: [] } },
      { messages: conversations[0], variables: { add_generation_prompt: false } },
      { messages: conversations[0], variables: { big: 1n } },
      { messages: "a" },
      { messages: [null] },
      { messages: conversations[0], answer: 1 },
    ];
    for (const input of wrong) assert.is(await code(model.generate(input as Conversation)), "InvalidInput");
    assert.is(await code(model.explain("a", { groups: "messages" })), "InvalidOption");
    const long = { messages: [{ role: "user", content: "the sea ".repeat(400) }] };
    assert.is(await code(model.predict(long)), "InputTooLong");
    await model.dispose();

    const input = { messages: conversations[0] };
    for (const none of [undefined, [{ name: "tool", template: chatml }]]) {
      const bare = await load(files(none), options);
      assert.is(await code(bare.generate(input)), "ChatUnsupported");
      await bare.dispose();
    }
    for (const jinja of [() => Promise.reject(new Error("it is not installed")), () => ({})]) {
      const without = await load(files(chatml), { ...options, jinja });
      const error = await without.generate(input).catch((error) => error);
      assert.is(error.code, "ChatUnsupported");
      assert.match(error.message, "@huggingface/jinja");
      await without.dispose();
    }
    for (const [field, value] of Object.entries({ num_beams: 4, no_repeat_ngram_size: 2, suppress_tokens: [1] })) {
      const other = await load(
        files(chatml, { "generation_config.json": JSON.stringify({ [field]: value }) }),
        options,
      );
      const error = await other.generate(input).catch((error) => error);
      assert.is(error.code, "ConfigUnsupported");
      assert.match(error.message, field);
      await other.dispose();
    }
    const broken = { "generation_config.json": JSON.stringify({ eos_token_id: "</s>" }) };
    assert.is(await code(load(files(chatml, broken), options)), "ConfigInvalid");
  });

  test.run();
}

test.run();
