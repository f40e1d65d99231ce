// What is asked: a text and how to explain it. A share link carries it in its fragment, which browsers send to no server.

import type { ReadingPoint } from "../../src/models/family.ts";
import { type PropagationMethod, propagates } from "../../src/propagation/composites.ts";

export const readingPoints = ["embeddings", "embedding-sum", "words"] as const satisfies readonly ReadingPoint[];

export interface Settings {
  text: string;
  method: PropagationMethod;
  /** A second method to show beside the first. */
  other?: PropagationMethod;
  /** A class's index; the top class if there is none. */
  target?: number;
  contrast?: number;
  at: ReadingPoint;
}

export const start: Settings = {
  text: "The acting is superb, but the plot never quite comes alive.",
  method: "cp-lrp",
  at: "embeddings",
};

/** The settings in a link's fragment; whatever it does not say, or says wrongly, is as at the start. */
export function fromFragment(fragment: string): Settings {
  const said = new URLSearchParams(fragment.replace(/^#/, ""));
  const method = (field: string) => {
    const name = said.get(field);
    return propagates(name) ? name : undefined;
  };
  const index = (name: string) => (/^\d{1,5}$/.test(said.get(name) ?? "") ? Number(said.get(name)) : undefined);
  return {
    text: said.get("text") ?? start.text,
    method: method("method") ?? start.method,
    other: method("other"),
    target: index("target"),
    contrast: index("contrast"),
    at: readingPoints.find((point) => point === said.get("at")) ?? start.at,
  };
}

export function toFragment(settings: Settings): string {
  const said = new URLSearchParams();
  for (const [name, value] of Object.entries(settings)) if (value !== undefined) said.set(name, String(value));
  return `#${said}`;
}
