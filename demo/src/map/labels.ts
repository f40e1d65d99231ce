// The map's words: layers on the left, tokens below, sums on the right, and the frame of the picked cell. They lie on a
// canvas of their own, above the cells.

import type { Camera } from "./camera.ts";

export interface Margins {
  left: number;
  right: number;
  bottom: number;
}

export interface Labels {
  rows: readonly string[];
  sums: readonly string[];
  columns: readonly string[];
  picked?: { column: number; row?: number };
}

const SIZE = 12;
const TURNED = 15; // pixels a turned label takes

export function drawLabels(canvas: HTMLCanvasElement, labels: Labels, camera: Camera, margins: Margins): void {
  const context = canvas.getContext("2d")!;
  const { color, fontFamily } = getComputedStyle(canvas);
  const faint = getComputedStyle(canvas.parentElement!).color;
  const density = canvas.width / canvas.clientWidth || 1;
  context.setTransform(density, 0, 0, density, 0, 0);
  context.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
  context.font = `${SIZE}px ${fontFamily}`;
  context.textBaseline = "middle";
  const [left, top] = camera.at(0, 0);
  const [width, height] = camera.cell;
  const x = (column: number) => margins.left + (column - left) * width;
  const y = (row: number) => (row - top) * height;
  const { picked } = labels;

  const inside = (row: number) => y(row + 0.5) > 4 && y(row + 0.5) < camera.height - 4;
  const put = (text: string, at: number, row: number) => {
    context.fillStyle = row === picked?.row ? color : faint;
    context.textAlign = "right";
    context.fillText(text, at, y(row + 0.5));
  };
  const down = (texts: readonly string[], at: number) => {
    for (const [row, text] of texts.entries()) if (inside(row)) put(text, at, row);
  };
  down(labels.rows, margins.left - 10);
  if (margins.right) down(labels.sums, canvas.clientWidth);

  // Level where they fit, turned where they do not, and some left out where even that is too close.
  const widest = labels.columns.reduce((most, text) => Math.max(most, context.measureText(text).width), 0);
  const level = widest + 8 <= width;
  const step = level ? 1 : Math.ceil(TURNED / width);
  labels.columns.forEach((text, column) => {
    const middle = x(column + 0.5);
    const isPicked = column === picked?.column;
    const crowded = picked && !level && !isPicked && Math.abs(column - picked.column) * width < TURNED;
    if (middle < margins.left || middle > margins.left + camera.width || crowded) return;
    if (column % step && !isPicked) return;
    context.save();
    context.translate(middle, camera.height + 10);
    if (level) context.textAlign = "center";
    else {
      context.rotate(-Math.PI / 3);
      context.textAlign = "right";
    }
    context.fillStyle = isPicked ? color : faint;
    context.fillText(text, 0, level ? 2 : 0);
    context.restore();
  });

  if (!picked) return;
  context.save();
  context.beginPath();
  context.rect(margins.left - 1, -1, camera.width + 2, camera.height + 2);
  context.clip();
  context.strokeStyle = color;
  context.lineWidth = 1.5;
  const [row, tall] = picked.row === undefined ? [top, camera.height] : [picked.row, height];
  context.strokeRect(x(picked.column) + 0.75, y(row) + 0.75, width - 1.5, tall - 1.5);
  context.restore();
}
