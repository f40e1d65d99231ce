// Explanations that follow typing: one run at a time, and while it lasts only the newest request waits.

import type { Explanation } from "../../src/explain/explanation.ts";
import type { Model } from "../../src/runtime/model.ts";
import type { Settings } from "./settings.ts";

export interface Explained {
  first: Explanation;
  /** By the second method, if one is asked for. */
  second?: Explanation;
  /** From the call to its result. */
  milliseconds: number;
}

export interface Request {
  model: Model;
  settings: Settings;
  layers: boolean;
}

export class Explainer {
  readonly #show: (explained: Explained) => void;
  readonly #fail: (error: unknown) => void;
  #waiting: Request | undefined;
  #busy = false;
  #forgotten?: Request;
  #running?: Request;

  constructor(show: (explained: Explained) => void, fail: (error: unknown) => void) {
    this.#show = show;
    this.#fail = fail;
  }

  async ask(request: Request): Promise<void> {
    this.#waiting = request;
    if (this.#busy) return;
    this.#busy = true;
    for (let next = this.#take(); next; next = this.#take()) {
      this.#running = next;
      try {
        const explained = await explain(next);
        if (!this.#outdated(next)) this.#show(explained);
      } catch (error) {
        // What a newer request has overtaken nobody waits for, nor for its failure.
        if (!this.#waiting && next !== this.#forgotten) this.#fail(error);
      }
    }
    this.#busy = false;
  }

  /** Drops what waits, and the answer of what runs: its model is about to go, or its text is gone. */
  forget(): void {
    this.#waiting = undefined;
    this.#forgotten = this.#running;
  }

  #take(): Request | undefined {
    const next = this.#waiting;
    this.#waiting = undefined;
    return next;
  }

  /** While someone types, an explanation of the text so far is welcome; one by another method or model is not. */
  #outdated(done: Request): boolean {
    const next = this.#waiting;
    if (done === this.#forgotten) return true;
    return next !== undefined && (next.model !== done.model || how(next) !== how(done));
  }
}

const how = ({ settings }: Request) => JSON.stringify({ ...settings, text: "" });

async function explain({ model, settings, layers }: Request): Promise<Explained> {
  const { text, method, other, target, contrast, at } = settings;
  const began = performance.now();
  const methods = other === undefined ? [method] : [method, other]; // both from one run
  const [first, second] = await model.explain(text, { method: methods, target, contrast, at, layers, truncate: true });
  return { first, second, milliseconds: performance.now() - began };
}
