// Layer × token: how a logit's relevance gathers from the words below into the token that the classifier reads.
// Zoom and pan by mouse, touch and keyboard; every cell's number is read out, and a table says the same.

import { dark, light, strength } from "../../../src/render/color.ts";
import { visible } from "../../../src/render/text.ts";
import { el, isolated } from "../dom.ts";
import { layerTable, type Read } from "../tokens.ts";
import { Camera } from "./camera.ts";
import { gestures } from "./gestures.ts";
import { gpuPainter } from "./gpu.ts";
import { drawLabels, type Labels, type Margins } from "./labels.ts";
import { type Cells, canvasPainter, type Painter } from "./painter.ts";

const ROW = 30; // pixels a row, while the map is not higher than MOST
const MOST = 420;

export interface MapEvents {
  picked(token: number | undefined): void;
  isDark(): boolean;
}

/** Where one stands in the residual stream. Blocks count from 0, as in the model's files and everywhere in relprop. */
export function layerNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => (i < count - 1 ? `into block ${i}` : "output"));
}

export class LayerMap {
  readonly #events: MapEvents;
  readonly #camera = new Camera();
  readonly #plot = el("div", { className: "plot", tabIndex: 0, role: "application" });
  readonly #labels = el("canvas", { className: "labels" });
  readonly #readout = el("p", { className: "cell", role: "status" });
  readonly #by = el("span", { className: "faint" });
  readonly #table = el("details", {}, el("summary", {}, "The same as a table"));
  readonly #grid = el("section", { className: "scroll", tabIndex: 0 });
  #painter: Painter;
  #read?: Read;
  #cells: Cells = { columns: 1, rows: 1, strengths: new Float32Array(1) };
  #words: Omit<Labels, "picked"> = { rows: [], sums: [], columns: [] };
  #picked?: { column: number; row?: number };
  #frame = 0;

  static async open(root: HTMLElement, events: MapEvents): Promise<LayerMap> {
    const canvas = el("canvas", { className: "cells" });
    let lost = () => {};
    const painter = await gpuPainter(canvas, () => lost());
    const map = new LayerMap(root, events, painter ?? canvasPainter(canvas));
    lost = () => map.#fallBack();
    return map;
  }

  private constructor(root: HTMLElement, events: MapEvents, painter: Painter) {
    this.#events = events;
    this.#painter = painter;
    const zoom = (label: string, name: string, by: () => void) => {
      const button = el("button", { type: "button", aria: { label: name } }, label);
      button.onclick = () => {
        by();
        this.repaint();
      };
      return button;
    };
    const tools = el(
      "p",
      { className: "tools" },
      zoom("+", "Zoom in", () => this.#camera.zoomBy(1.5)),
      zoom("−", "Zoom out", () => this.#camera.zoomBy(1 / 1.5)),
      zoom("Fit", "Fit the whole map", () => this.#camera.fit()),
      this.#by,
    );
    // A crash of the browser's GPU process empties every canvas.
    this.#plot.addEventListener("contextrestored", () => this.repaint(), { capture: true });
    this.#plot.append(painter.canvas, this.#labels);
    this.#grid.setAttribute("aria-label", "Relevance of every token at every layer");
    this.#table.append(this.#grid);
    this.#table.ontoggle = () => this.fillTable();
    root.replaceChildren(this.#plot, el("div", { className: "below" }, this.#readout, tools), this.#table);
    new ResizeObserver(() => this.repaint()).observe(this.#plot);

    gestures(this.#plot, {
      pan: (x, y) => this.#moved(() => this.#camera.pan(x, y)),
      zoom: (by, x, y) => this.#moved(() => this.#camera.zoomBy(by, x === undefined ? x : x - this.#margins.left, y)),
      hover: (x, y) => this.#hover(x, y),
      leave: () => this.#pick(undefined),
      step: (columns, rows) => this.#step(columns, rows),
      fit: () => this.#moved(() => this.#camera.fit()),
      isZoomed: () => this.#camera.zoom > 1,
    });
  }

  show(read: Read): void {
    const { explanation, facts } = read;
    const layers = [...(explanation.layers ?? [])].reverse(); // the output on top, the words at the bottom
    if (!layers.length) return;
    this.#read = read;
    const { tokens } = explanation;
    const scale = layers.reduce((most, { relevance }) => {
      return relevance.reduce((most, r, i) => (tokens[i].special ? most : Math.max(most, Math.abs(r))), most);
    }, 0);
    const strengths = layers.flatMap(({ relevance }) => relevance.map((r) => strength(r, scale)));
    this.#cells = { columns: tokens.length, rows: layers.length, strengths: new Float32Array(strengths) };
    this.#words = {
      rows: layerNames(layers.length).reverse(),
      sums: layers.map(({ ledger }) => `Σ ${facts.number(ledger.tokens, "+")}`),
      columns: tokens.map(({ text }) => visible(text)),
    };
    this.#plot.style.setProperty("--rows", String(layers.length));
    const size = `${tokens.length} tokens in ${layers.length} layers`;
    this.#plot.setAttribute("aria-label", `Relevance of ${size}; arrows move, plus and minus zoom, 0 shows all`);
    if (this.#picked && this.#picked.column >= tokens.length) this.#picked = undefined;
    this.#say();
    this.repaint();
  }

  /** Marks a token that was picked elsewhere. */
  pick(token: number | undefined): void {
    if (token === this.#picked?.column) return;
    this.#picked = token === undefined ? undefined : { column: token };
    this.#say();
    this.repaint();
  }

  repaint(): void {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#paint();
    });
  }

  #paint(): void {
    if (!this.#read || !this.#plot.clientWidth) return;
    const { columns, rows } = this.#cells;
    const { left, right, bottom } = this.#margins;
    const width = this.#plot.clientWidth - left - right;
    const height = Math.min(ROW * rows, MOST);
    this.#plot.style.height = `${height + bottom}px`;
    this.#camera.look(columns, rows, width, height);

    const density = devicePixelRatio;
    const { canvas } = this.#painter;
    canvas.style.left = `${left}px`;
    size(canvas, width, height, density);
    size(this.#labels, this.#plot.clientWidth, height + bottom, density);
    this.#painter.paint(this.#cells, this.#camera, this.#events.isDark() ? dark : light, density);
    drawLabels(this.#labels, { ...this.#words, picked: this.#picked }, this.#camera, this.#margins);
    const { zoom } = this.#camera;
    const { method } = this.#read.explanation;
    this.#by.textContent = `${method}, drawn with ${this.#painter.name}${zoom > 1 ? `, ${zoom.toFixed(1)}×` : ""}`;
  }

  get #margins(): Margins {
    const { clientWidth } = this.#plot;
    const [left, right] = [88, clientWidth < 560 ? 0 : 72];
    // Seven pixels a letter, roughly: whether the words will lie level or be turned.
    const longest = this.#words.columns.reduce((most, text) => Math.max(most, text.length), 0);
    const level = 7 * longest + 8 <= (clientWidth - left - right) / this.#cells.columns;
    return { left, right, bottom: level ? 36 : 76 };
  }

  #moved(how: () => void): void {
    how();
    this.repaint();
  }

  #hover(x: number, y: number): void {
    const [column, row] = this.#camera.at(x - this.#margins.left, y).map(Math.floor);
    const { columns, rows } = this.#cells;
    const inside = x >= this.#margins.left && column >= 0 && column < columns && row >= 0 && row < rows;
    this.#pick(inside ? { column, row } : undefined);
  }

  #step(columns: number, rows: number): void {
    const { column, row = this.#cells.rows - 1 } = this.#picked ?? { column: -Math.sign(columns) };
    const within = (at: number, all: number) => Math.min(Math.max(at, 0), all - 1);
    const next = { column: within(column + columns, this.#cells.columns), row: within(row + rows, this.#cells.rows) };
    this.#camera.reveal(next.column, next.row);
    this.#pick(next);
  }

  #pick(cell: { column: number; row?: number } | undefined): void {
    this.#picked = cell;
    this.#say();
    this.repaint();
    this.#events.picked(cell?.column);
  }

  /** The picked cell in words. */
  #say(): void {
    const { column, row } = this.#picked ?? {};
    if (!this.#read || column === undefined || row === undefined) {
      this.#readout.replaceChildren(el("span", { className: "faint" }, "Arrow keys or the pointer read out a cell."));
      return;
    }
    const { explanation, facts } = this.#read;
    const layers = explanation.layers!;
    const layer = layers.length - 1 - row;
    const value = layers[layer].relevance[column];
    const word = el("q", {}, isolated(visible(explanation.tokens[column].text)));
    const amount = el("b", { className: value < 0 ? "against" : "for" }, facts.number(value, "+"));
    this.#readout.replaceChildren(word, " ", amount, ` ${layerNames(layers.length)[layer]}`);
  }

  /** Writes the table, if it is open. */
  fillTable(): void {
    if (!this.#table.open || !this.#read) return;
    const count = this.#read.explanation.layers!.length;
    this.#grid.replaceChildren(layerTable(this.#read, layerNames(count)));
  }

  /** A GPU that has gone takes its canvas along. */
  #fallBack(): void {
    const canvas = el("canvas", { className: "cells" });
    this.#painter.canvas.replaceWith(canvas);
    this.#painter = canvasPainter(canvas);
    this.repaint();
  }
}

function size(canvas: HTMLCanvasElement, width: number, height: number, density: number): void {
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const [w, h] = [Math.max(1, Math.round(width * density)), Math.max(1, Math.round(height * density))];
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
}
