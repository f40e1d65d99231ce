// A chat template, as transformers' apply_chat_template() has it rendered.

import { quote, RelpropError } from "../../errors.ts";
import { isJinja, type Jinja, metered } from "./interpreter.ts";

const MOST = 2 ** 18; // UTF-16 units; published templates have some ten thousand
const MOST_SPACE = 1000; // white space in one run, through which the library searches again and again
const MOST_RANGE = 2 ** 16;

/** For each unit of a template and of what it is given, for each message, and for a template at least. */
const STEPS = { unit: 64, message: 2 ** 12, least: 2 ** 18 };
const UNITS = { unit: 8, least: 2 ** 16 };

/** Renders messages: as many units, in all, as `units` says. */
export type Render = (variables: Variables, units: number) => string;

export interface Variables extends Record<string, unknown> {
  messages: readonly unknown[];
}

/** The library, as a caller imports it or as it is installed. Throws `ChatUnsupported`. */
export async function library(given?: () => unknown): Promise<Jinja> {
  const name = "@huggingface/jinja";
  const need = `chat templates are rendered by ${name}`;
  const module = await (async () => (given ? given() : imported(name)))().catch((cause) => {
    const message = `${need}: \`npm install ${name}\`, or in a page give it as the option \`jinja\` of load()`;
    throw new RelpropError("ChatUnsupported", message, {}, cause);
  });
  const found = isJinja(module) ? module : (module as { default?: unknown } | undefined)?.default;
  if (isJinja(found)) return found;
  throw new RelpropError(
    "ChatUnsupported",
    `${need} 0.5.0 or later; the module that was found is another or older`,
    {},
  );
}

const imported = (name: string): Promise<unknown> => import(/* @vite-ignore */ /* webpackIgnore: true */ name);

/** A template that is parsed. Throws `TokenizerInvalid`, `LimitExceeded`. */
export function template(jinja: Jinja, source: string): Render {
  if (source.length > MOST || /\s{1001}/.test(source)) {
    const message = `the chat template has ${source.length} characters; at most ${MOST} are read, and ${MOST_SPACE} of white space together`;
    throw new RelpropError("LimitExceeded", message, {});
  }
  const program = attempt("TokenizerInvalid", "the chat template cannot be read", () =>
    jinja.parse(jinja.tokenize(source, { lstrip_blocks: true, trim_blocks: true })),
  );
  return (variables, units) => {
    const given = source.length + units;
    const budget = {
      steps: STEPS.least + STEPS.unit * given + STEPS.message * variables.messages.length,
      units: UNITS.least + UNITS.unit * given,
    };
    return attempt("InvalidInput", "the chat template cannot make a text of these messages", () => {
      const scope = new jinja.Environment();
      const all: Record<string, unknown> = { ...globals, ...variables };
      for (const name of Object.keys(all)) if (name !== "namespace") scope.set(name, all[name]);
      return metered(jinja, scope, budget).run(program).value as string;
    });
  };
}

function attempt<T>(code: "TokenizerInvalid" | "InvalidInput", what: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof RelpropError) throw cause;
    if (cause instanceof RangeError) throw new RelpropError("LimitExceeded", `${what}: it is too deep`, {}, cause);
    const why = quote((cause as Error | undefined)?.message ?? cause).slice(1, -1);
    throw new RelpropError(code, `${what}: ${why}`, {}, cause);
  }
}

const globals = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
  // transformers gives these to every template.
  tools: null,
  documents: null,
  raise_exception(message: unknown) {
    throw new Error(String(message));
  },
  range(start: number, stop?: number, step = 1): number[] {
    const [from, to] = stop === undefined ? [0, start] : [start, stop];
    const n = Math.max(0, Math.ceil((to - from) / step));
    if (!Number.isInteger(n)) throw new Error("range() takes whole numbers, and no step of 0");
    if (n <= MOST_RANGE) return Array.from({ length: n }, (_, i) => from + i * step);
    throw new RelpropError(
      "LimitExceeded",
      `the chat template asks for a range of ${n}; the most is ${MOST_RANGE}`,
      {},
    );
  },
  strftime_now: (format: unknown) => strftime(new Date(), String(format)),
};

/** Python's strftime(), in English as servers have it. */
function strftime(now: Date, format: string): string {
  const name = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat("en-US", options).format(now);
  const two = (n: number) => String(n).padStart(2, "0");
  const parts: Record<string, () => string> = {
    Y: () => String(now.getFullYear()),
    y: () => two(now.getFullYear() % 100),
    m: () => two(now.getMonth() + 1),
    d: () => two(now.getDate()),
    H: () => two(now.getHours()),
    I: () => two(now.getHours() % 12 || 12),
    M: () => two(now.getMinutes()),
    S: () => two(now.getSeconds()),
    p: () => (now.getHours() < 12 ? "AM" : "PM"),
    B: () => name({ month: "long" }),
    b: () => name({ month: "short" }),
    A: () => name({ weekday: "long" }),
    a: () => name({ weekday: "short" }),
    "%": () => "%",
  };
  return format.replace(/%(.)/g, (_, letter: string) => {
    if (Object.hasOwn(parts, letter)) return parts[letter]();
    throw new Error(`strftime_now() has no %${letter}`);
  });
}
