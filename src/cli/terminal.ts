// Standard output as it is: a terminal with colours or not, a pipe that may close or be slow.

import type { AnsiOptions } from "../render/options.ts";
import { Failed } from "./usage.ts";

/** Writes and waits until the reader has taken it. */
export function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error: NodeJS.ErrnoException | null | undefined) => {
      if (error?.code === "EPIPE") process.exit(0); // `relprop … | head` is no failure
      if (error) reject(new Failed(`standard output cannot be written: ${error.message}`));
      else resolve();
    });
  });
}

/** `print` rejects with standard output's error; an error of standard error cannot be reported. */
export function quiet(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
}

/** Aborts at Ctrl-C, once, so that a stream ends with a whole line. A second Ctrl-C ends at once. */
export function interrupt(): AbortSignal {
  const abort = new AbortController();
  process.once("SIGINT", () => {
    abort.abort();
    process.exitCode = 130;
  });
  return abort.signal;
}

/** How to draw: NO_COLOR and anything but a terminal get no escapes. */
export function paint(toTerminal: boolean): AnsiOptions {
  const { NO_COLOR, TERM, COLORTERM } = process.env;
  const plain = !toTerminal || !process.stdout.isTTY || NO_COLOR || TERM === "dumb";
  const color = plain ? "none" : /truecolor|24bit/.test(COLORTERM ?? "") ? "truecolor" : "256";
  return { color, width: Math.min(process.stdout.columns || 80, 120) };
}
