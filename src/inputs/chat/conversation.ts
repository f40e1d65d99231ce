// A conversation as a text: rendered by the model's chat template, read without the tokenizer's own template. What a message says is
// found in it by marks around it, which the template must pass on and which may change nothing else; all other tokens are the
// template's, and special.

import { quote, RelpropError } from "../../errors.ts";
import type { Conversation, Encoded, InputSpec, MessageSpan } from "../encoded.ts";
import { elements, unreadable } from "../given.ts";
import { meant, type Tokenizer } from "../tokenizers/wordpiece.ts";
import type { Render } from "./template.ts";

/** What a model with a chat template reads conversations by. */
export interface Chat {
  render(): Promise<Render>;
  /** The named special tokens, which templates write: "bos_token". */
  named: Readonly<Record<string, string>>;
}

type Read = Required<Conversation>;

/** Whether an input has messages; what cannot be asked has none. */
export function isConversation(input: unknown): input is Conversation {
  try {
    return typeof input === "object" && input !== null && "messages" in input;
  } catch {
    return false;
  }
}

/** A conversation up to where its answer goes on. Throws `InvalidInput`, `InputTooLong`, and what the template's work throws. */
export async function encodeConversation(
  chat: Chat,
  tokenizer: Tokenizer,
  input: Conversation,
  { positions, vocabulary }: Pick<InputSpec, "positions" | "vocabulary">,
): Promise<Encoded> {
  const { messages, answer, variables } = read(input);
  const render = await chat.render();
  const units = JSON.stringify([messages, variables]).length;
  const rendered = (own: Read["messages"]) =>
    render({ ...chat.named, ...variables, messages: own, add_generation_prompt: true }, units);
  const prompt = rendered(messages);
  const found = spans(messages, prompt, rendered);
  const text = prompt + answer;
  const all = found ?? [];
  if (answer) all.push({ message: messages.length, role: "assistant", start: prompt.length, end: text.length });

  const [before, after] = tokenizer.template.single;
  const encoding = tokenizer.encode(text);
  const own = encoding.tokens.slice(before.length, encoding.tokens.length - after.length);
  const warnings = new Set<string>(
    found
      ? []
      : ["the chat template changes what messages say, so that its own tokens cannot be distinguished from theirs"],
  );
  const tokens = own.map((token) => {
    if (token.start === null) return token;
    const within = !found || all.some(({ start, end }) => token.start < end && start < token.end);
    if (within && found && token.special) warnings.add(meant(token.text));
    return within ? token : { ...token, special: true };
  });
  const beyond = tokens.find(({ id }) => id >= vocabulary);
  if (beyond) {
    const message = `the tokenizer gives ${quote(beyond.text)} the id ${beyond.id}, the model has ${vocabulary} word vectors`;
    throw new RelpropError("ConfigMismatch", message, { id: beyond.id, vocabulary });
  }
  if (!tokens.length) throw new RelpropError("EmptyInput", "the chat template makes an empty text of these messages");
  if (tokens.length > positions) {
    const message = `the conversation has ${tokens.length} tokens, this model takes ${positions}; leave messages out`;
    throw new RelpropError("InputTooLong", message, { tokens: tokens.length, max: positions });
  }
  return { text, tokens, warnings: [...warnings], ...(found && { messages: all }) };
}

/** What a conversation may hold: JSON, read once. */
function read(input: Conversation): Read {
  const { messages, answer = "", variables = {} } = copied(input);
  for (const name of ["messages", "add_generation_prompt"]) {
    if (!Object.hasOwn(Object(variables), name)) continue;
    throw new RelpropError("InvalidInput", `${quote(name)} is not for \`variables\`: it is set by what is asked`);
  }
  const fits =
    Array.isArray(messages) &&
    messages.length &&
    messages.every((one) => typeof one?.role === "string" && typeof one.content === "string") &&
    typeof answer === "string" &&
    typeof variables === "object" &&
    !Array.isArray(variables);
  if (fits) return { messages, answer, variables: variables ?? {} };
  throw new RelpropError(
    "InvalidInput",
    `a conversation is { messages: [{ role, content, … }, …], answer?, variables? } with a message or more, roles and contents texts, variables an object, not ${quote(input)}`,
  );
}

function copied({ messages, answer, variables }: Conversation): Partial<Conversation> {
  try {
    const list = Array.isArray(messages) ? elements(messages) : messages;
    return JSON.parse(JSON.stringify({ messages: list, answer, variables }));
  } catch (cause) {
    throw unreadable("the conversation", cause);
  }
}

/**
 * Where in `prompt` each message's content is, as often as the template writes it and in the order of the text; undefined where
 * marks around it change the text elsewhere, or are lost.
 */
function spans(
  messages: Read["messages"],
  prompt: string,
  rendered: (messages: Read["messages"]) => string,
): MessageSpan[] | undefined {
  const texts = [prompt, ...messages.flatMap(({ role, content }) => [role, content])].join("");
  const marks = Array.from({ length: 64 }, (_, k) => String.fromCharCode(0xe000 + k)).filter((c) => !texts.includes(c));
  if (marks.length < 2) return undefined;
  const [open, close] = marks;
  for (const parts of [whole, trimmed, betweenTags]) {
    const marked = messages.map(({ content, ...message }, k) => {
      const bits: string[] = [];
      let last = 0;
      for (const [from, to] of parts(content)) {
        if (from >= to) continue;
        bits.push(content.slice(last, from), `${open}${k}${open}`, content.slice(from, to), `${close}${k}${close}`);
        last = to;
      }
      return { ...message, content: bits.join("") + content.slice(last) };
    });
    const found = unmarked(marked, open, close, rendered);
    if (found?.plain === prompt) return joined(found.spans, messages, prompt);
  }
  return undefined;
}

/** What of a content is marked: all of it; what templates leave that trim; and what those do that look for tags in it. */
type Parts = (content: string) => [from: number, to: number][];

/** What Python, or JavaScript, takes for white space. */
const isSpace = (char: string) => /\s/.test(char) || "\x1c\x1d\x1e\x1f\x85".includes(char);

const whole: Parts = (content) => [[0, content.length]];
const trimmed: Parts = (content) => {
  let [from, to] = [0, content.length];
  while (from < to && isSpace(content[from])) from++;
  while (to > from && isSpace(content[to - 1])) to--;
  return [[from, to]];
};
const betweenTags: Parts = (content) => {
  let last = 0;
  return content.split(/(<[^<>]*>)/).flatMap((part, i) => {
    const from = last;
    last += part.length;
    return i % 2 ? [] : trimmed(part).map(([a, b]): [number, number] => [from + a, from + b]);
  });
};

/** Spans of a message that have only its own words between them, as one. */
function joined(spans: readonly MessageSpan[], messages: Read["messages"], prompt: string): MessageSpan[] {
  const all: MessageSpan[] = [];
  for (const span of spans) {
    const last = all.at(-1);
    const { content } = messages[span.message];
    if (last?.message === span.message && content.includes(prompt.slice(last.start, span.end))) last.end = span.end;
    else all.push({ ...span });
  }
  return all;
}

/** The text of marked messages without their marks, and what lay between these. */
function unmarked(
  messages: Read["messages"],
  open: string,
  close: string,
  rendered: (messages: Read["messages"]) => string,
): { plain: string; spans: MessageSpan[] } | undefined {
  let text: string;
  try {
    text = rendered(messages);
  } catch {
    return undefined; // of a template that looks into what messages say
  }
  const spans: MessageSpan[] = [];
  let plain = "";
  let last = 0;
  let begun: { message: number; start: number } | undefined;
  for (const { 0: mark, 1: kind, 2: number, index } of text.matchAll(
    new RegExp(`([${open}${close}])(\\d+)[${open}${close}]`, "g"),
  )) {
    plain += text.slice(last, index);
    last = index + mark.length;
    const message = Number(number);
    if (kind === open ? begun : begun?.message !== message) return undefined;
    if (begun) spans.push({ ...begun, role: messages[message].role, end: plain.length });
    begun = kind === open ? { message, start: plain.length } : undefined;
  }
  plain += text.slice(last);
  return begun ? undefined : { plain, spans };
}
