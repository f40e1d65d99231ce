// The palettes against WCAG's contrast and a simulation of colour blindness.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { dark, light, type Palette, rgb, terminal, xterm } from "../src/render/color.ts";

const linear = (channel: number) => {
  const x = channel / 255;
  return x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
};
const luminance = ([r, g, b]: readonly number[]) => 0.2126 * linear(r!) + 0.7152 * linear(g!) + 0.0722 * linear(b!);
const channels = (hex: string) => [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16));
function contrastOf(one: readonly number[], other: readonly number[]): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high! + 0.05) / (low! + 0.05);
}

const scale = [...Array(2001).keys()].map((i) => i / 1000 - 1);
const palettes: [string, Palette][] = Object.entries({ light, dark, terminal });

for (const [name, palette] of palettes) {
  test(`${name} palette: text has a contrast of 4.5 on the whole scale, and nothing leaves sRGB`, () => {
    for (const s of scale) {
      const ground = rgb(s, palette);
      assert.ok(contrastOf(ground, channels(palette.ink)) >= 4.5, `${s}`);
      assert.ok(
        ground.every((channel) => channel > 0 && channel < 255),
        `${s}: ${ground}`,
      );
    }
  });

  test(`${name} palette: for and against differ for every common kind of colour vision`, () => {
    for (const [kind, matrix] of Object.entries(machado)) {
      for (const s of [0.3, 0.5, 0.75, 1]) {
        const [one, other] = [s, -s].map((s) => lab(simulate(rgb(s, palette), matrix)));
        const distance = Math.hypot(...one!.map((x, i) => x - other![i]!));
        // 0.02 is about a just noticeable difference in OKLab.
        assert.ok(distance > 0.02, `${kind} at ${s}: ${distance}`);
      }
    }
  });

  test(`${name} palette: both arms are equally light`, () => {
    for (const s of scale)
      assert.ok(Math.abs(lab(rgb(s, palette).map(linear))[0]! - lab(rgb(-s, palette).map(linear))[0]!) < 0.006);
  });
}

test("xterm's shades have the contrast too", () => {
  for (const shade of [...xterm.for, ...xterm.against]) {
    const cube = [36, 6, 1].map((step) => [0, 95, 135, 175, 215, 255][Math.floor((shade - 16) / step) % 6]!);
    assert.ok(contrastOf(cube, [0, 0, 0]) >= 4.5, `${shade}`);
  }
});

// Machado, Oliveira and Fernandes (2009), severity 1, on linear sRGB.
const machado = {
  protan: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  deutan: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
  tritan: [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039],
};
function simulate(color: readonly number[], m: readonly number[]): number[] {
  const x = color.map(linear);
  return [0, 3, 6].map((row) => Math.max(0, m[row]! * x[0]! + m[row + 1]! * x[1]! + m[row + 2]! * x[2]!));
}
function lab([r, g, b]: readonly number[]): number[] {
  const l = Math.cbrt(0.4122214708 * r! + 0.5363325363 * g! + 0.0514459929 * b!);
  const m = Math.cbrt(0.2119034982 * r! + 0.6806995451 * g! + 0.1073969566 * b!);
  const s = Math.cbrt(0.0883024619 * r! + 0.2817188376 * g! + 0.6299787005 * b!);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

test.run();
