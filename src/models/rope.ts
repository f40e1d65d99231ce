// The frequencies of rotary positions (Su et al., 2021), as transformers' modeling_rope_utils computes them for each
// `rope_type`, and in its 32 bits: at far positions they decide by how much a token is turned.

import { RelpropError } from "../errors.ts";
import { type Config, field, integer, invalid, oneOf, unsupported } from "./config.ts";
import { real } from "./numbers.ts";

export interface Rope {
  /** The angle of each pair of a head's numbers at position 1. */
  frequencies: Float32Array;
  /** A factor on cosines and sines. */
  scale: number;
}

const f = Math.fround;

/** The frequencies for heads of width `d` and texts of at most `longest` tokens; `name` is where config.json has `parameters`. */
export function rope(parameters: Config, name: string, d: number, theta: number, longest: number): Rope {
  const given = field(parameters, "rope_type") ?? field(parameters, "type") ?? "default";
  if (typeof given !== "string") throw invalid(`${name}.rope_type`, given, "a string");
  const type: string = given;
  const at = (key: string) => `${name}.${key}`;
  const number = (key: string, otherwise?: number) => named(at, parameters, key, otherwise);
  const plain = Float32Array.from({ length: d / 2 }, (_, k) => 1 / f(theta ** f((2 * k) / d)));
  const part = number("partial_rotary_factor", 1);
  if (type !== "default" && type !== "proportional" && part !== 1) {
    throw unsupported(at("partial_rotary_factor"), part, "whole heads are turned");
  }
  const original = field(parameters, "original_max_position_embeddings") ?? longest;
  const before = integer(
    { [at("original_max_position_embeddings")]: original },
    at("original_max_position_embeddings"),
    2 ** 30,
  );
  const logarithmic = (factor: number, times = 1) => (factor <= 1 ? 1 : 0.1 * times * Math.log(factor) + 1);

  if (type === "default") return { frequencies: plain, scale: 1 };
  // It changes with texts of more tokens than max_position_embeddings, which are too long here.
  if (type === "dynamic") return { frequencies: plain, scale: 1 };
  if (type === "linear") return { frequencies: plain.map((v) => v / number("factor")), scale: 1 };
  if (type === "proportional") {
    const turned = Math.floor(Math.trunc(part * d) / 2);
    return { frequencies: plain.map((v, k) => (k < turned ? v / number("factor", 1) : 0)), scale: 1 };
  }
  if (type === "llama3") {
    const [factor, low, high] = [number("factor"), number("low_freq_factor"), number("high_freq_factor")];
    const frequencies = plain.map((v) => {
      const wave = f((2 * Math.PI) / v);
      if (wave < before / high) return v;
      if (wave > before / low) return v / factor;
      const smooth = f((before / wave - low) / (high - low));
      return ((1 - smooth) * v) / factor + smooth * v;
    });
    return { frequencies, scale: 1 };
  }
  if (type === "yarn") {
    oneOf(
      { [at("truncate")]: field(parameters, "truncate") },
      at("truncate"),
      [true],
      "only whole dimensions are supported",
    );
    const factor = number("factor", longest / before);
    const [all, each] = [field(parameters, "mscale_all_dim"), field(parameters, "mscale")];
    const inferred =
      all && each
        ? logarithmic(factor, number("mscale")) / logarithmic(factor, number("mscale_all_dim"))
        : logarithmic(factor);
    const dimension = (turns: number) => (d * Math.log(before / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
    const low = Math.max(Math.floor(dimension(number("beta_fast", 32))), 0);
    const high = Math.min(Math.ceil(dimension(number("beta_slow", 1))), d - 1);
    const frequencies = plain.map((v, k) => {
      const ramp = Math.min(1, Math.max(0, (k - low) / (high === low ? 0.001 : high - low)));
      return f((v / factor) * ramp) + f(v * (1 - ramp));
    });
    return { frequencies, scale: number("attention_factor", inferred) };
  }
  if (type === "longrope") {
    if (before < longest) {
      const instead = `it must be at least max_position_embeddings, ${longest}: longer texts have other frequencies`;
      throw unsupported(at("original_max_position_embeddings"), before, instead);
    }
    const factors = field(parameters, "short_factor");
    if (
      !Array.isArray(factors) ||
      factors.length !== d / 2 ||
      !factors.every((one) => typeof one === "number" && one > 0)
    ) {
      throw invalid(at("short_factor"), factors, `${d / 2} positive numbers`);
    }
    const factor = number("factor", longest / before);
    const inferred = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(before));
    return { frequencies: plain.map((v, k) => v / factors[k]), scale: number("attention_factor", inferred) };
  }
  const known = "default, linear, dynamic, proportional, llama3, yarn, longrope";
  throw unsupported(at("rope_type"), type, `supported are ${known}`);
}

/** A positive number that must be there unless there is another for it. */
function named(at: (key: string) => string, parameters: Config, key: string, otherwise?: number): number {
  const value = field(parameters, key) ?? otherwise;
  if (value !== undefined) return real({ [at(key)]: value }, at(key), 0);
  throw new RelpropError("ConfigInvalid", `config.json has no ${at(key)}, which its rope_type needs`, {
    field: at(key),
  });
}

/** Cosines and sines by which each of `t` tokens turns the halves of a head. */
export function angles(t: number, { frequencies, scale }: Rope): Float32Array {
  const half = frequencies.length;
  const table = new Float32Array(2 * t * half);
  for (let i = 0; i < t; i++) {
    for (let k = 0; k < half; k++) {
      const angle = f(i * frequencies[k]);
      table[2 * i * half + k] = Math.cos(angle) * scale;
      table[(2 * i + 1) * half + k] = Math.sin(angle) * scale;
    }
  }
  return table;
}
