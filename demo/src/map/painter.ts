// What can draw the map's cells: a GPU, or a 2D canvas where there is none.

import type { Palette } from "../../../src/render/color.ts";
import { hex } from "../../../src/render/color.ts";
import type { Camera } from "./camera.ts";

/** Strengths in −1 … 1, row by row. */
export interface Cells {
  columns: number;
  rows: number;
  strengths: Float32Array<ArrayBuffer>;
}

export interface Painter {
  readonly name: "WebGPU" | "Canvas 2D";
  readonly canvas: HTMLCanvasElement;
  /** Draws the cells; the canvas already has its size in device pixels, `density` of which make a pixel. */
  paint(cells: Cells, camera: Camera, palette: Palette, density: number): void;
}

/** The pixels between two cells. */
export const GAP = 1;

export function canvasPainter(canvas: HTMLCanvasElement): Painter {
  const context = canvas.getContext("2d")!;
  return {
    name: "Canvas 2D",
    canvas,
    paint({ columns, strengths }, camera, palette, density) {
      const [left, top] = camera.at(0, 0);
      const [right, bottom] = camera.at(camera.width, camera.height);
      const [width, height] = camera.cell;
      context.setTransform(density, 0, 0, density, 0, 0);
      context.clearRect(0, 0, camera.width, camera.height);
      for (let y = Math.floor(top); y < Math.min(bottom, camera.rows); y++) {
        for (let x = Math.floor(left); x < Math.min(right, columns); x++) {
          context.fillStyle = hex(strengths[y * columns + x], palette);
          const gap = Math.min(GAP, width / 4) / 2;
          context.fillRect((x - left) * width + gap, (y - top) * height + GAP / 2, width - 2 * gap, height - GAP);
        }
      }
    },
  };
}
