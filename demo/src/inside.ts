// What goes on inside the model while it reads the text, as small multiples. Only the newest text is asked about.

import { charts } from "../../src/render/charts.ts";
import type { Model } from "../../src/runtime/model.ts";
import type { Settings } from "./settings.ts";

export class Inside {
  readonly #box: HTMLElement;
  #asked = 0;

  constructor(box: HTMLElement) {
    this.#box = box;
  }

  async show(model: Model, { text, target, contrast }: Settings): Promise<void> {
    const turn = ++this.#asked;
    this.#box.ariaBusy = "true";
    const told = await model.diagnose(text, { target, contrast, truncate: true });
    if (turn !== this.#asked) return; // overtaken
    const figure = new DOMParser().parseFromString(charts(told), "image/svg+xml").documentElement;
    this.#box.replaceChildren(document.importNode(figure, true));
    this.#box.ariaBusy = "false";
  }
}
