// <relprop-heatmap>: an explanation's text in colour. It reads like text; a list box of tokens for keyboards and screen readers.

import type { Attribution } from "../attribution/attribution.ts";
import type { AttributeOptions } from "../attribution/options.ts";
import type { Explanation } from "../explain/explanation.ts";
import type { ExplainOptions } from "../explain/options.ts";
import { checked } from "../options/kinds.ts";
import { type Segment, segments } from "../render/fragment.ts";
import type { Markup } from "../render/markup.ts";
import { type By, type FragmentOptions, fragmentOptions, type Theme } from "../render/options.ts";
import { nodes, stored, styleSheet, upgrade } from "./dom.ts";
import type { HeatmapEventMap } from "./events.ts";
import { type Explainer, Explaining } from "./explaining.ts";
import { listen } from "./pointing.ts";
import { failed, listBox, NAME, style, waiting } from "./view.ts";

/** Servers have no elements: there the class is defined and never made. */
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

const PROPERTIES = ["explanation", "model", "text", "options", "by", "theme", "legend", "caption"] as const;

let sheet: CSSStyleSheet | undefined;

/**
 * `<relprop-heatmap>`: an explanation's text in colour. CSS variables: `--relprop-for`, `--relprop-against`, `--relprop-background`,
 * `--relprop-ink`, `--relprop-faint`; parts: `heatmap`, `caption`, `text`, `token`, `legend`, `ramp`, `error`; events: those of
 * `HeatmapEventMap`.
 */
export class RelpropHeatmap extends Base {
  /** The attributes that are read. */
  static readonly observedAttributes = ["by", "theme", "legend", "caption", "text"];

  readonly #explaining = new Explaining();
  #explanation?: Explanation | Attribution;
  #model?: Explainer;
  #options?: ExplainOptions | AttributeOptions;
  #segments: Segment[] = [];
  #isConnected = false;
  #isListening = false;

  /** What is shown. With `model` and `text` the element sets it by itself. */
  get explanation(): Explanation | Attribution | undefined {
    return this.#explanation;
  }

  set explanation(explanation: Explanation | Attribution | null | undefined) {
    if (this.#explanation === (explanation ?? undefined)) return;
    this.#explaining.stop();
    this.#explanation = explanation ?? undefined;
    this.#draw();
  }

  /** A model of load(): with it and `text` the element explains the text and shows the result. */
  get model(): Explainer | undefined {
    return this.#model;
  }

  set model(model: Explainer | null | undefined) {
    if (this.#model === (model ?? undefined)) return;
    this.#model = model ?? undefined;
    this.#ask();
  }

  /** The text that `model` explains; also an attribute. */
  get text(): string | undefined {
    return this.getAttribute("text") ?? undefined;
  }

  set text(text: string | null | undefined) {
    this.#reflect("text", text ?? undefined);
  }

  /** Options of explain(), such as `target` and `method`. */
  get options(): ExplainOptions | AttributeOptions | undefined {
    return this.#options;
  }

  set options(options: ExplainOptions | AttributeOptions | null | undefined) {
    const isSame = JSON.stringify(this.#options) === JSON.stringify(options ?? undefined);
    this.#options = options ?? undefined;
    if (!isSame) this.#ask();
  }

  /** What has one colour: "words" (default), "tokens" or "groups"; also an attribute. */
  get by(): By {
    return (this.getAttribute("by") as By | null) ?? "words";
  }

  set by(by: By | undefined) {
    this.#reflect("by", by);
  }

  /** "auto" (default), "light" or "dark"; also an attribute. */
  get theme(): Theme {
    return (this.getAttribute("theme") as Theme | null) ?? "auto";
  }

  set theme(theme: Theme | undefined) {
    this.#reflect("theme", theme);
  }

  /** Whether the scale of colours is shown (default true); as an attribute, legend="false" hides it. */
  get legend(): boolean {
    return this.getAttribute("legend") !== "false";
  }

  set legend(legend: boolean | undefined) {
    this.#reflect("legend", legend === false ? "false" : undefined);
  }

  /** A line above the text; also an attribute. */
  get caption(): string | undefined {
    return this.getAttribute("caption") ?? undefined;
  }

  set caption(caption: string | null | undefined) {
    this.#reflect("caption", caption ?? undefined);
  }

  /** The text as runs, as segments() has them: empty without an explanation. */
  get segments(): readonly Segment[] {
    return this.#segments;
  }

  /** Called by the browser. */
  connectedCallback(): void {
    this.#isConnected = true;
    upgrade(this, PROPERTIES);
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    sheet ??= styleSheet(style());
    root.adoptedStyleSheets = [sheet];
    if (!this.#isListening) {
      listen(
        root,
        () => this.#segments.filter(({ tokens }) => tokens.length),
        (type, segment) => this.#send(type, segment),
      );
      this.#isListening = true;
    }
    try {
      this.#explanation ??= stored(this);
    } catch (error) {
      this.#fail(error as Error);
    }
    if (this.#explanation) this.#draw();
    else this.#ask();
  }

  /** Called by the browser. */
  disconnectedCallback(): void {
    this.#isConnected = false;
    this.#explaining.stop();
  }

  /** Called by the browser. */
  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after) return;
    if (name === "text") this.#ask();
    else this.#draw();
  }

  /** Listens to the element's own events, with their types, and to any other. */
  override addEventListener<K extends keyof HeatmapEventMap>(
    type: K,
    listener: (this: RelpropHeatmap, event: HeatmapEventMap[K]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  /** Listens to any event. */
  override addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  override addEventListener(type: string, listener: unknown, options?: boolean | AddEventListenerOptions): void {
    super.addEventListener(type, listener as EventListener, options);
  }

  #reflect(name: string, value: string | undefined): void {
    if (value === undefined) this.removeAttribute(name);
    else this.setAttribute(name, value);
  }

  #ask(): void {
    this.#explaining.soon(() => this.#isConnected && void this.#explain());
  }

  async #explain(): Promise<void> {
    const [model, text] = [this.#model, this.text];
    if (!model || text === undefined) return;
    const was = this.#explanation;
    this.#show(waiting(text));
    try {
      const explanation = await this.#explaining.explain(model, text, this.#options);
      if (!explanation) return;
      this.#explanation = explanation;
      if (this.#draw()) this.#send("explained", explanation);
    } catch (error) {
      if (this.#explanation === was) this.#explanation = undefined;
      this.#fail(error as Error);
    }
  }

  /** Shows the explanation; false where it cannot be drawn. */
  #draw(): boolean {
    if (!this.#isConnected) return false;
    const explanation = this.#explanation;
    this.#segments = [];
    if (!explanation) {
      this.shadowRoot!.replaceChildren();
      return false;
    }
    try {
      const how = this.#how();
      this.#segments = segments(explanation, { by: how.by });
      this.#show(listBox(explanation, how));
      return true;
    } catch (error) {
      this.#fail(error as Error);
      return false;
    }
  }

  /** The attributes as options; those that are wrong are errors as of fragment(). */
  #how(): FragmentOptions {
    const { by, theme, legend, caption } = this;
    return checked(`<${NAME}>`, fragmentOptions, { by, theme, legend, caption });
  }

  #show(content: Markup): void {
    this.shadowRoot!.replaceChildren(nodes(content));
  }

  #fail(error: Error): void {
    this.#segments = [];
    this.#show(failed(error));
    this.#send("explainerror", error);
  }

  #send<K extends keyof HeatmapEventMap>(type: K, detail: HeatmapEventMap[K]["detail"]): void {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
  }
}

/** Defines the element, once; on servers there is nothing to define. @internal */
export function define(): void {
  if (globalThis.customElements && !customElements.get(NAME)) customElements.define(NAME, RelpropHeatmap);
}

declare global {
  interface HTMLElementTagNameMap {
    "relprop-heatmap": RelpropHeatmap;
  }
}
