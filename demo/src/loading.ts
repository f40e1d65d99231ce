// The progress bar. Only the newest of several loads is shown, and only it may end.

import type { Progress } from "../../src/checkpoint/sources.ts";
import { byId } from "./dom.ts";

export interface Turn {
  progress(progress: Progress): void;
  /** False if another load has begun since. */
  end(): boolean;
}

export class Loading {
  readonly #root = byId("loading");
  readonly #bar = byId<HTMLProgressElement>("progress");
  readonly #words = byId("loaded");
  #turn = 0;

  begin(name: string): Turn {
    const turn = ++this.#turn;
    this.#bar.removeAttribute("value");
    this.#words.textContent = `Loading ${name}`;
    this.#root.hidden = false;
    return {
      progress: ({ all: { loaded, total } }) => {
        if (turn !== this.#turn) return;
        if (total) this.#bar.value = loaded / total;
        const size = total ? `${megabytes(loaded)} of ${megabytes(total)} MB` : `${megabytes(loaded)} MB`;
        this.#words.textContent = `Loading ${name}: ${size}`;
      },
      end: () => {
        if (turn !== this.#turn) return false;
        this.#root.hidden = true;
        return true;
      },
    };
  }
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
