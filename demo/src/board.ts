// The image on the page: drawn by hand or given, with its relevance in colours over it.

import { type Mat3, mat3 } from "wgpu-matrix";
import type { Explanation } from "../../src/explain/explanation.ts";
import type { Pixels } from "../../src/inputs/images/picture.ts";
import { heat } from "../../src/render/overlay.ts";
import { byId } from "./dom.ts";

const SIDE = 256; // of what is drawn, in pixels
const PEN = 26; // its width
const MOST = 1024; // pixels of a side of a given image

export class Board {
  readonly #picture = byId<HTMLCanvasElement>("picture");
  readonly #over = byId<HTMLCanvasElement>("over");
  readonly #changed: () => void;
  #isDrawn = true;

  constructor(changed: () => void) {
    this.#changed = changed;
    this.clear();
    let last: [number, number] | undefined;
    const at = ({ offsetX, offsetY }: PointerEvent): [number, number] => {
      const by = this.#picture.width / this.#picture.clientWidth;
      return [offsetX * by, offsetY * by];
    };
    this.#picture.onpointerdown = (event) => {
      if (!this.#isDrawn) this.clear();
      this.#picture.setPointerCapture(event.pointerId);
      last = at(event);
      this.stroke([last, last]);
    };
    this.#picture.onpointermove = (event) => {
      if (!last) return;
      const next = at(event);
      this.stroke([last, next]);
      last = next;
    };
    this.#picture.onpointerup = this.#picture.onpointercancel = () => {
      last = undefined;
    };
  }

  /** White on black, as digits are. */
  clear(): void {
    this.#size(SIDE, SIDE);
    this.#isDrawn = true;
    const to = this.#context();
    to.fillStyle = "#000";
    to.fillRect(0, 0, SIDE, SIDE);
    this.#changed();
  }

  stroke(points: readonly (readonly [number, number])[]): void {
    const to = this.#context();
    to.strokeStyle = "#fff";
    to.lineWidth = PEN;
    to.lineCap = to.lineJoin = "round";
    to.beginPath();
    for (const [x, y] of points) to.lineTo(x, y);
    to.stroke();
    this.#changed();
  }

  async show(file: Blob): Promise<void> {
    const image = await createImageBitmap(file);
    const by = Math.min(1, MOST / Math.max(image.width, image.height));
    this.#size(Math.round(by * image.width), Math.round(by * image.height));
    this.#isDrawn = false;
    this.#context().drawImage(image, 0, 0, this.#picture.width, this.#picture.height);
    image.close();
    this.#changed();
  }

  get pixels(): Pixels {
    return this.#context().getImageData(0, 0, this.#picture.width, this.#picture.height);
  }

  /** The image as a file. */
  async file(): Promise<Uint8Array> {
    const blob = await new Promise<Blob | null>((resolve) => this.#picture.toBlob(resolve));
    return new Uint8Array(await blob!.arrayBuffer());
  }

  /** Relevance over the image, cells where the model saw them. */
  async paint(explanation: Explanation): Promise<void> {
    const { data, width, height } = heat(explanation);
    const cells = await createImageBitmap(new ImageData(new Uint8ClampedArray(data), width, height));
    const to = this.#over.getContext("2d")!;
    to.reset();
    to.imageSmoothingEnabled = false;
    to.setTransform(...css(fromCells(explanation, width, height)));
    to.drawImage(cells, 0, 0);
    cells.close();
  }

  #context(): CanvasRenderingContext2D {
    return this.#picture.getContext("2d", { willReadFrequently: true })!;
  }

  #size(width: number, height: number): void {
    for (const canvas of [this.#picture, this.#over]) Object.assign(canvas, { width, height });
  }
}

/** From cells to the image's pixels. */
function fromCells({ image }: Explanation, cols: number, rows: number): Mat3 {
  const { x, y, width, height } = image!.box;
  return mat3.scale(mat3.translation([x, y]), [width / cols, height / rows]);
}

/** A matrix as canvases take it: wgpu-matrix has its columns in rows of four. */
const css = (m: Mat3): [number, number, number, number, number, number] => [m[0], m[1], m[4], m[5], m[8], m[9]];
