import { quote, RelpropError } from "../errors.ts";
import { contents } from "./read.ts";

/** A text file of the user's. */
export async function content(path: string): Promise<string> {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await contents(path));
  } catch (cause) {
    const why = cause instanceof TypeError ? "is not UTF-8" : `cannot be read: ${(cause as Error).message}`;
    throw new RelpropError("InvalidOption", `${quote(path)} ${why}`, {}, cause);
  }
}
