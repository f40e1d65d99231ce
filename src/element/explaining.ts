// The element's own call of explain(): the latest text's, of which there is one at a time.

import type { Attribution } from "../attribution/attribution.ts";
import type { AttributeOptions } from "../attribution/options.ts";
import type { Explanation } from "../explain/explanation.ts";
import type { ExplainOptions } from "../explain/options.ts";

/** A model as the element needs it: any that load() returns. */
export interface Explainer {
  explain(text: string, options?: ExplainOptions): Promise<Explanation | Attribution>;
}

export class Explaining {
  #abort?: AbortController;
  #isWaiting = false;

  /** Runs `call` once, when all properties that are set together are set. */
  soon(call: () => void): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    queueMicrotask(() => {
      this.#isWaiting = false;
      call();
    });
  }

  /** The explanation; undefined where another call has begun meanwhile, or `stop` was called. */
  async explain(
    model: Explainer,
    text: string,
    options: ExplainOptions | AttributeOptions = {},
  ): Promise<Explanation | Attribution | undefined> {
    this.stop();
    const abort = new AbortController();
    this.#abort = abort;
    try {
      const result = await model.explain(text, { ...options, signal: abort.signal } as ExplainOptions);
      return abort.signal.aborted ? undefined : result;
    } catch (error) {
      if (abort.signal.aborted) return undefined;
      throw error;
    }
  }

  stop(): void {
    this.#abort?.abort();
  }
}
