// Where one stands before the map: how many pixels a cell takes, and which cell lies in the middle.

import { type Mat3, mat3, type Vec2, vec2 } from "wgpu-matrix";

const TALL = 44; // pixels a row at most: zooming in is for telling tokens apart, and there the rows may stay as they are
const WIDE = 120; // pixels a column at most

export class Camera {
  columns = 1;
  rows = 1;
  /** The plot's size in pixels. */
  width = 1;
  height = 1;
  /** 1 shows the whole map. */
  zoom = 1;
  readonly #centre = vec2.create();

  /** Pixels a cell takes in x and y. */
  get cell(): Vec2 {
    const fit = vec2.divide([this.width, this.height], [this.columns, this.rows]);
    return vec2.create(fit[0] * this.zoom, Math.min(fit[1] * this.zoom, Math.max(fit[1], TALL)));
  }

  /** From cells to the plot's pixels. */
  get toPixels(): Mat3 {
    const middle = mat3.translation([this.width / 2, this.height / 2]);
    return mat3.translate(mat3.scale(middle, this.cell), vec2.negate(this.#centre));
  }

  /** From cells to clip space, −1 … 1 with y up. */
  get toClip(): Mat3 {
    const clip = mat3.scale(mat3.translation([-1, 1]), [2 / this.width, -2 / this.height]);
    return mat3.multiply(clip, this.toPixels);
  }

  /** The place in cells that a pixel of the plot shows. */
  at(x: number, y: number): Vec2 {
    return vec2.transformMat3([x, y], mat3.inverse(this.toPixels));
  }

  /** Looks at another map, or at the same one in another plot. */
  look(columns: number, rows: number, width: number, height: number): void {
    const other = columns !== this.columns || rows !== this.rows;
    Object.assign(this, { columns, rows, width: Math.max(1, width), height: Math.max(1, height) });
    if (other) this.fit();
    else this.#clamp();
  }

  fit(): void {
    this.zoom = 1;
    vec2.set(this.columns / 2, this.rows / 2, this.#centre);
  }

  /** Zooms so that what lies under a pixel stays there. */
  zoomBy(factor: number, x = this.width / 2, y = this.height / 2): void {
    const before = this.at(x, y);
    const most = Math.max(1, (WIDE * this.columns) / this.width);
    this.zoom = Math.min(Math.max(this.zoom * factor, 1), most);
    vec2.add(this.#centre, vec2.subtract(before, this.at(x, y)), this.#centre);
    this.#clamp();
  }

  /** Moves the map by pixels, as a hand would. */
  pan(x: number, y: number): void {
    vec2.subtract(this.#centre, vec2.divide([x, y], this.cell), this.#centre);
    this.#clamp();
  }

  /** Moves as little as it takes to see a column and a row whole. */
  reveal(column: number, row: number): void {
    const [left, top] = this.at(0, 0);
    const [right, bottom] = this.at(this.width, this.height);
    const into = (at: number, low: number, high: number) => Math.min(at - low, 0) + Math.max(at + 1 - high, 0);
    vec2.add(this.#centre, [into(column, left, right), into(row, top, bottom)], this.#centre);
    this.#clamp();
  }

  /** Never shows anything beyond the map's edges. */
  #clamp(): void {
    const half = vec2.divide([this.width / 2, this.height / 2], this.cell);
    const within = (at: number, half: number, all: number) =>
      half * 2 >= all ? all / 2 : Math.min(Math.max(at, half), all - half);
    const [x, y] = this.#centre;
    vec2.set(within(x, half[0], this.columns), within(y, half[1], this.rows), this.#centre);
  }
}
