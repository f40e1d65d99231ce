// --jsonl: lines that came together are answered together.

import { type ErrorCode, RelpropError } from "../errors.ts";
import type { Input } from "../inputs/encoded.ts";
import { type Line, lines } from "./lines.ts";
import { interrupt, print } from "./terminal.ts";
import { Failed } from "./usage.ts";

/** What answers several texts. */
export type Answers = (texts: Input[], signal: AbortSignal) => Promise<(object | object[])[]>;

/** One line of JSON for each line of standard input, in order; a bad line is answered with its error. */
export async function stream(answer: Answers): Promise<void> {
  const signal = interrupt();
  signal.addEventListener("abort", () => process.stdin.destroy()); // or it would wait for the next line
  for await (const group of lines(input(signal))) {
    for (const result of await answerLines(group, answer, signal)) {
      if (signal.aborted) return;
      await print(`${JSON.stringify(result)}\n`);
    }
  }
}

/** Standard input, until it ends or a signal ends it. */
async function* input(signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    yield* process.stdin;
  } catch (error) {
    if (!signal.aborted) throw new Failed(`standard input cannot be read: ${(error as Error).message}`);
  }
}

/** Answers lines together; if that fails in halves, so that every bad line gets its own error and the others do not. */
export async function answerLines(group: Line[], answer: Answers, signal: AbortSignal): Promise<object[]> {
  try {
    const bad = group.find(({ error }) => error)?.error;
    if (bad) throw bad;
    const answers = await answer(
      group.map(({ text }) => text),
      signal,
    );
    return answers.map((one, i) => ({ ...idOf(group[i]), ...(Array.isArray(one) ? { explanations: one } : one) }));
  } catch (error) {
    if (group.length === 1) return [{ ...idOf(group[0]), line: group[0].number, error: errorOf(error) }];
    const half = Math.ceil(group.length / 2);
    const first = await answerLines(group.slice(0, half), answer, signal);
    return [...first, ...(await answerLines(group.slice(half), answer, signal))];
  }
}

/** Whatever a line causes is that line's error: the others are still answered. */
function errorOf(error: unknown): { code: ErrorCode; message: string } {
  const { code, message } =
    error instanceof RelpropError
      ? error
      : new RelpropError("InvalidInput", `this line failed: ${error}; please report this`);
  return { code, message };
}

const idOf = ({ id }: Line) => (id === undefined ? {} : { id });
