// The renderers' palette as the GPU needs it: two straight lines in OKLab from the paper to either end, and the
// matrices from there to linear light (Ottosson, 2020). The ends are taken from the palette itself, backwards.

import { type Mat3, mat3, type Vec3, vec3 } from "wgpu-matrix";
import { type Palette, rgb } from "../../../src/render/color.ts";

/** OKLab to the cube roots of cone responses, columns L, a, b. */
const toRoots = mat3.create(
  1,
  1,
  1,
  0.3963377774,
  -0.1055613458,
  -0.0894841775,
  0.2158037573,
  -0.0638541728,
  -1.291485548,
);

/** Cone responses to linear sRGB. */
const toLinear = mat3.create(
  4.0767416621,
  -1.2684380046,
  -0.0041960863,
  -3.3077115913,
  2.6097574011,
  -0.7034186147,
  0.2309699292,
  -0.3413193965,
  1.707614701,
);

export interface Ramp {
  against: Vec3;
  paper: Vec3;
  for: Vec3;
  toRoots: Mat3;
  toLinear: Mat3;
}

export function ramp(palette: Palette): Ramp {
  const end = (strength: number) => toLab(rgb(strength, palette));
  return { against: end(-1), paper: end(0), for: end(1), toRoots, toLinear };
}

/** The colour of a strength in −1 … 1 as linear light: what the shader computes. */
export function linear(strength: number, { against, paper, for: most, toRoots, toLinear }: Ramp): Vec3 {
  const lab = vec3.lerp(paper, strength < 0 ? against : most, Math.min(Math.abs(strength), 1));
  const roots = vec3.transformMat3(lab, toRoots);
  return vec3.transformMat3(vec3.multiply(vec3.multiply(roots, roots), roots), toLinear);
}

function toLab(color: readonly number[]): Vec3 {
  const light = color.map((channel) => decode(channel / 255));
  const cones = vec3.transformMat3(light, mat3.inverse(toLinear));
  return vec3.transformMat3(vec3.create(...cones.map(Math.cbrt)), mat3.inverse(toRoots));
}

const decode = (x: number) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
