// The text field, which lies over the heatmap of its own text: both wrap alike, so each word stands on its colour.

import { byId } from "./dom.ts";
import type { Panel } from "./panel.ts";

export interface EditorEvents {
  typed(text: string): void;
  picked(token: number | undefined): void;
}

export class Editor {
  readonly #field = byId<HTMLTextAreaElement>("text");
  readonly #panel: Panel;
  #hovered?: number;

  constructor(panel: Panel, { typed, picked }: EditorEvents) {
    this.#panel = panel;
    const field = this.#field;
    const pick = () => picked(this.picked);
    field.addEventListener("input", () => {
      this.#hovered = undefined;
      panel.follow(field.value);
      typed(field.value);
    });
    field.addEventListener("pointermove", ({ clientX, clientY }) => {
      this.#hovered = panel.tokenAt(clientX, clientY);
      pick();
    });
    field.addEventListener("pointerleave", () => {
      this.#hovered = undefined;
      pick();
    });
    field.addEventListener("blur", pick);
    document.addEventListener("selectionchange", () => document.activeElement === field && pick());
  }

  get text(): string {
    return this.#field.value;
  }

  set text(text: string) {
    this.#field.value = text;
    this.#panel.follow(text);
  }

  get isActive(): boolean {
    return document.activeElement === this.#field || this.#hovered !== undefined;
  }

  /** The token under the pointer or, where there is none, around the caret. */
  get picked(): number | undefined {
    if (this.#hovered !== undefined || !this.isActive) return this.#hovered;
    return this.#panel.tokenAround(this.#field.selectionStart);
  }
}
