// What is asked: a text and how to explain it. A share link carries it in its fragment, which browsers send to no server.

import type { ReadingPoint } from "../../src/models/family.ts";
import { methods, type PropagationMethod, propagates } from "../../src/propagation/composites.ts";

export const readingPoints = ["embeddings", "embedding-sum", "words"] as const satisfies readonly ReadingPoint[];

export interface Settings {
  text: string;
  method: PropagationMethod;
  /** A second method to show next to the first. */
  other?: PropagationMethod;
  /** A class's index; the top class if there is none. */
  target?: number;
  contrast?: number;
  at: ReadingPoint;
  /** What a link says that there is not: it is refused until the reader asks for something else. */
  wrong?: string;
}

export const start: Settings = {
  text: "The acting is superb, but the plot never quite comes alive.",
  method: "cp-lrp",
  at: "embeddings",
};

/** The settings in a link's fragment; what it does not say is as at the start, and so is what it says wrongly, with a word on it. */
export function fromFragment(fragment: string): Settings {
  const said = new URLSearchParams(fragment.replace(/^#/, ""));
  let wrong: string | undefined;
  const read = <T>(field: string, known: (text: string) => T | undefined, what: string): T | undefined => {
    const text = said.get(field);
    const found = text === null ? undefined : known(text);
    if (text !== null && found === undefined) wrong ??= `This link's ${field} is "${text.slice(0, 40)}"; ${what}.`;
    return found;
  };
  const method = (field: string) =>
    read(field, (name) => (propagates(name) ? name : undefined), `the methods are ${[...methods.keys()].join(", ")}`);
  const index = (field: string) =>
    read(field, (text) => (/^\d{1,5}$/.test(text) ? Number(text) : undefined), "it must be a class's number, from 0");
  const point = (text: string) => readingPoints.find((one) => one === text);
  const settings = {
    text: said.get("text") ?? start.text,
    method: method("method") ?? start.method,
    other: method("other"),
    target: index("target"),
    contrast: index("contrast"),
    at: read("at", point, `the reading points are ${readingPoints.join(", ")}`) ?? start.at,
  };
  return wrong === undefined ? settings : { ...settings, wrong };
}

export function toFragment(settings: Settings): string {
  const said = new URLSearchParams();
  for (const [name, value] of Object.entries(settings))
    if (value !== undefined && name !== "wrong") said.set(name, String(value));
  return `#${said}`;
}
