// What --method and --composite ask for.

import { methodNames } from "../attribution/names.ts";
import { quote } from "../errors.ts";
import { nearest } from "../options/kinds.ts";
import { isOther, method } from "../propagation/composites.ts";
import { contents } from "./read.ts";
import { Usage } from "./usage.ts";

/** A list of one is no list: it asks for one explanation. */
export const alone = <T>(list: T[] | undefined): T | T[] | undefined => (list?.length === 1 ? list[0] : list);

/** What people call methods besides. */
const aliases: ReadonlyMap<string, string> = new Map([
  ["ig", "integrated-gradients"],
  ["shap", "kernel-shap"],
]);

/** Names of methods separated by commas, some of them aliases; a number may follow a name behind a colon. */
export const methodList = (given: string): string[] =>
  given.split(",").map((name) => name.replace(/^[^:]*/, (plain) => aliases.get(plain) ?? plain));

/** Methods by name, or as JSON: a method with its options, or a composite; or a file of that. */
export async function methodsOf(given: string | undefined): Promise<unknown> {
  if (given?.endsWith(".json")) return jsonFile(given);
  return given?.trimStart().startsWith("{")
    ? parsed(given, "--method")
    : alone(given === undefined ? undefined : methodList(given));
}

export const jsonFile = async (path: string): Promise<unknown> => {
  const text = await contents(path).catch((error) => {
    throw new Usage(`${quote(path)} cannot be read: ${error.message}`);
  });
  return parsed(new TextDecoder().decode(text), quote(path));
};

export function parsed(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Usage(`${where} is not JSON: ${(error as Error).message}`);
  }
}

/** That there are such methods, before a model is loaded. */
export async function checkMethods(wanted: readonly unknown[]): Promise<void> {
  const wrong = wanted.find((one) => typeof one === "string" && !(methodNames as readonly string[]).includes(one));
  const near = typeof wrong === "string" && nearest(wrong, [...methodNames, ...aliases.keys()]);
  if (near) throw new Usage(`there is no method ${quote(wrong)}; did you mean "${near}"?`);
  if (!isOther(wanted[0])) return wanted.forEach((one) => void method(one));
  const { attribution } = await import("../attribution/methods.ts");
  for (const one of wanted) attribution(one);
}
