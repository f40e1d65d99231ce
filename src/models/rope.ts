// The frequencies of rotary positions (Su et al., 2021), as transformers' modeling_rope_utils computes them for each
// `rope_type`, and in its 32 bits: at far positions they decide by how much a token is turned.

import { RelpropError } from "../errors.ts";
import { type Config, field, integer, invalid, major, unsupported } from "./config.ts";
import { real } from "./numbers.ts";

export interface Rope {
  /** The angle of each pair of a head's numbers at position 1. */
  frequencies: Float32Array;
  /** A factor on cosines and sines. */
  scale: number;
  /** The most tokens of a text, where that is more than max_position_embeddings. */
  longest?: number;
  /** The angles of texts of more than `tokens` tokens. */
  beyond?: { tokens: number; frequencies(tokens: number): Float32Array };
}

const f = Math.fround;

/** What rotary positions depend on, other than their parameters. */
interface Of {
  /** Where config.json has the parameters. */
  name: string;
  /** How many numbers of a head are turned. */
  d: number;
  theta: number;
  /** max_position_embeddings. */
  longest: number;
  /** Of yarn, whether the bounds of its ramp are whole (default: as the parameters say). */
  truncate?: boolean;
}

export function rope(parameters: Config, { name, d, theta, longest, truncate }: Of): Rope {
  const given = field(parameters, "rope_type") ?? field(parameters, "type") ?? "default";
  if (typeof given !== "string") throw invalid(`${name}.rope_type`, given, "a string");
  const type: string = given;
  if (d % 2) throw unsupported("head_dim", d, "what is turned of a head are pairs of numbers");
  const at = (key: string) => `${name}.${key}`;
  const number = (key: string, otherwise?: number) => names(at, parameters, key, otherwise);
  const powers = (base: number) => Float32Array.from({ length: d / 2 }, (_, k) => f(base ** f((2 * k) / d)));
  const plain = powers(theta).map((power) => 1 / power);
  const part = number("partial_rotary_factor", 1);
  if (type !== "default" && type !== "proportional" && part !== 1) {
    throw unsupported(at("partial_rotary_factor"), part, "rotary positions must cover whole heads");
  }
  const original = field(parameters, "original_max_position_embeddings") ?? longest;
  const before = integer(
    { [at("original_max_position_embeddings")]: original },
    at("original_max_position_embeddings"),
    2 ** 30,
  );
  const logarithmic = (factor: number, times = 1) => (factor <= 1 ? 1 : 0.1 * times * Math.log(factor) + 1);

  if (type === "default") return { frequencies: plain, scale: 1 };
  if (type === "dynamic") {
    const factor = number("factor");
    const frequencies = (tokens: number) => {
      const longer = f(f((factor * tokens) / longest) - (factor - 1));
      return powers(f(theta * f(longer ** (d / (d - 2))))).map((power) => 1 / power);
    };
    return {
      frequencies: plain,
      scale: 1,
      longest: Math.min(2 ** 20, Math.floor(factor * longest)),
      beyond: { tokens: longest, frequencies },
    };
  }
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
    const factor = number("factor", longest / before);
    const [all, each] = [field(parameters, "mscale_all_dim"), field(parameters, "mscale")];
    const inferred =
      all && each
        ? logarithmic(factor, number("mscale")) / logarithmic(factor, number("mscale_all_dim"))
        : logarithmic(factor);
    const dimension = (turns: number) => (d * Math.log(before / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
    const whole = truncate ?? (Object.hasOwn(parameters, "truncate") ? Boolean(parameters.truncate) : true);
    const [first, last] = [dimension(number("beta_fast", 32)), dimension(number("beta_slow", 1))];
    const low = Math.max(whole ? Math.floor(first) : first, 0);
    const high = Math.min(whole ? Math.ceil(last) : last, d - 1);
    const frequencies = plain.map((v, k) => {
      const ramp = Math.min(1, Math.max(0, (k - low) / (high === low ? 0.001 : high - low)));
      return f((v / factor) * ramp) + f(v * (1 - ramp));
    });
    return { frequencies, scale: number("attention_factor", inferred) };
  }
  if (type === "longrope") {
    const [short, long] = ["short_factor", "long_factor"].map((key) => {
      const factors = field(parameters, key);
      const right = Array.isArray(factors) && factors.length === d / 2 && factors.every((one) => isPositive(one));
      if (!right) throw invalid(at(key), factors, `${d / 2} positive numbers`);
      return powers(theta).map((power, k) => 1 / f(f(factors[k]) * power));
    });
    const factor = number("factor", longest / before);
    const inferred = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(before));
    const scale = number("attention_factor", inferred);
    return {
      frequencies: short,
      scale,
      ...(before < longest && { beyond: { tokens: before, frequencies: () => long } }),
    };
  }
  const known = "default, linear, dynamic, proportional, llama3, yarn, longrope";
  throw unsupported(at("rope_type"), type, `supported are ${known}`);
}

/** The fields of rotary positions, which transformers asks every config for. */
export const rotaryFields = {
  head_dim: null,
  max_position_embeddings: 2048,
  original_max_position_embeddings: null,
  rope_parameters: null,
  rope_scaling: null,
  rope_theta: 10000,
} satisfies Config;

/** A field that is an object, by default one without fields. */
export function object(config: Config, name: string): Config {
  const value = field(config, name) ?? {};
  if (typeof value === "object" && !Array.isArray(value)) return value as Config;
  throw invalid(name, value, "an object");
}

/**
 * What the config says of heads `d` wide, as the version that wrote it reads it: 4.x rope_theta and rope_scaling, 5.x
 * rope_parameters too. A `partial` family turns that part of a head, unless the config says otherwise.
 */
export function ropeOf(
  config: Config,
  d: number,
  { partial, theta: usual = 10000 }: { partial?: number; theta?: number } = {},
): Rope {
  const old = major(config) < 5;
  const scaling = object(config, "rope_scaling");
  const name = old || Object.keys(scaling).length ? "rope_scaling" : "rope_parameters";
  const given = name === "rope_scaling" ? scaling : object(config, name);
  const type = old
    ? (field(given, "type") ?? field(given, "rope_type"))
    : (field(given, "rope_type") ?? field(given, "type"));
  const longest = integer(config, "max_position_embeddings", 2 ** 30);
  const theta = real(
    { [`${name}.rope_theta`]: old ? undefined : given.rope_theta },
    `${name}.rope_theta`,
    real(config, "rope_theta", usual),
  );

  const original = field(config, "original_max_position_embeddings") as number | undefined;
  const read: Record<string, unknown> = { ...given, rope_type: type };
  if (old && type === "longrope") {
    read.original_max_position_embeddings = original ?? longest;
    if (original !== undefined) read.factor = longest / original;
  } else if (!old) read.original_max_position_embeddings = original ?? given.original_max_position_embeddings;

  const part = (old ? undefined : field(given, "partial_rotary_factor")) ?? field(config, "partial_rotary_factor");
  if (partial === undefined) return rope(read, { name, d, theta, longest });
  const at = "partial_rotary_factor";
  const turned = Math.trunc(d * real({ [at]: part }, at, partial));
  if (turned % 2 || turned > d)
    throw unsupported(at, part ?? partial, `the rotated part of heads ${d} wide must be even and at most ${d}`);
  return rope({ ...read, partial_rotary_factor: 1 }, { name, d: turned, theta, longest });
}

/** Of each kind of block its θ, where `rope_parameters` has none, and whether `rope_scaling` is of it too. */
export type Kinds<K extends string> = Readonly<Record<K, { theta: number; scaled: boolean }>>;

/**
 * The frequencies of each kind of block, for heads of width `d`: in transformers 5 those of `rope_parameters` and, where fields of
 * 4 are there too, of these. `truncate` is of files that transformers 4 wrote (default: as the parameters say).
 */
export function ropesOf<K extends string>(
  config: Config,
  d: number,
  kinds: Kinds<K>,
  truncate?: boolean,
): Record<K, Rope> {
  const old = major(config) < 5;
  const longest = integer(config, "max_position_embeddings", 2 ** 30);
  const own = old ? {} : object(config, "rope_parameters");
  const other = Object.keys(own).find((key) => !Object.hasOwn(kinds, key));
  if (other) {
    throw unsupported(`rope_parameters.${other}`, own[other], `supported are ${Object.keys(kinds).join(" and ")}`);
  }
  const scaling = object(config, "rope_scaling");
  if (!old && Object.hasOwn(scaling, "type") && !Object.hasOwn(scaling, "rope_type")) {
    throw unsupported("rope_scaling.type", scaling.type, "transformers 5 does not read it; call it rope_type");
  }
  const found = Object.entries<Kinds<K>[K]>(kinds).map(([kind, { theta: usual, scaled }]) => {
    const name = `rope_parameters.${kind}`;
    const parameters = { ...object(own, kind), ...(scaled && scaling) };
    const theta = real({ [name]: old ? undefined : field(parameters, "rope_theta") }, name, usual);
    // transformers 5 looks for `truncate` next to the kinds.
    return [kind, rope(parameters, { name, d, theta, longest, truncate: old ? truncate : true })];
  });
  return Object.fromEntries(found);
}

/** A positive number that must be there unless there is another for it. */
function names(at: (key: string) => string, parameters: Config, key: string, otherwise?: number): number {
  const value = field(parameters, key) ?? otherwise;
  if (value !== undefined) return real({ [at(key)]: value }, at(key), 0);
  throw new RelpropError("ConfigInvalid", `config.json has no ${at(key)}, which its rope_type needs`, {
    field: at(key),
  });
}

const isPositive = (value: unknown) => typeof value === "number" && value > 0 && Number.isFinite(value);
