// From the rows of an evaluation to its result.

import type { Method } from "../attribution/options.ts";
import { finite } from "../finite.ts";
import type { ReadingPoint } from "../models/family.ts";
import { type Interval, interval, mean } from "./bootstrap.ts";
import type { OrderName, Protocol, ProtocolName, Scores } from "./protocol.ts";

/** What became of one text; JSON, in which NaN is null. */
export interface MethodRun {
  name: string;
  method: Method | OrderName;
  /** How many examples it is judged by. */
  limit: number;
}

export interface Row {
  i: number;
  methods: Record<string, Scores & { forwardPasses: number; seconds: number }>;
  cost: Cost & { alone?: number; all: number };
}

interface Cost {
  /** Forward passes over perturbed texts, and how many seconds they took. */
  forwardPasses: number;
  seconds: number;
}

interface EvaluationInfo {
  protocol: ProtocolName;
  model: string;
  backend: "wasm" | "webgpu";
  at: ReadingPoint;
  seed: number;
}

/**
 * A method's metrics, and what its explanations of the examples took: forward passes and seconds. A metric that no example
 * defines is absent: a correlation of one word's ranks, say.
 */
export type MethodScores = { forwardPasses: number; seconds: number } & { [metric: string]: Interval | number };

/** What evaluate() returns: the metrics of each method, as means with intervals. */
export interface Evaluation extends EvaluationInfo {
  /** The number of examples. */
  examples: number;
  /** The metrics of each method, by its name. */
  methods: Record<string, MethodScores>;
  /** Examples of methods that are judged by fewer. */
  limits?: Record<string, number>;
  /** Each method less the baseline, on the examples that both have. */
  baseline?: string;
  /** By method and metric. */
  differences?: Record<string, Record<string, Interval>>;
  /** The protocol's metrics, and whether more or less is better. */
  metrics: Protocol["metrics"];
  /** Mean curves by method, over `axis`; without those that the model has no numbers for, such as probabilities. */
  axis?: { name: string; at: readonly number[] };
  /** By method and curve. */
  curves?: Record<string, Record<string, number[]>>;
  /** The time of all of it: forward passes over perturbed texts run together, and what that gains over one at a time. */
  cost: Cost & {
    secondsPerText: number;
    secondsPerForwardPass?: number;
    secondsPerForwardPassAlone?: number;
    speedup?: number;
  };
}

export function summary(
  about: EvaluationInfo,
  how: Protocol,
  judged: readonly MethodRun[],
  baseline: string | undefined,
  rows: readonly Row[],
): Evaluation {
  const metrics = Object.keys(how.metrics);
  const of = (name: string) => rows.flatMap(({ methods }) => methods[name] ?? []);
  const values = (name: string, metric: string) => of(name).map((row) => row.values[metric] ?? Number.NaN);
  const total = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);
  const each = <T>(make: (one: MethodRun) => T) => Object.fromEntries(judged.map((one) => [one.name, make(one)]));
  const byMetric = (make: (metric: string) => Interval) =>
    Object.fromEntries(
      metrics.flatMap((metric) => {
        const made = make(metric);
        return Number.isNaN(made.mean) ? [] : [[metric, made]];
      }),
    );

  const methods = each(
    ({ name }): MethodScores => ({
      ...byMetric((metric) => interval(values(name, metric), about.seed)),
      forwardPasses: total(of(name).map(({ forwardPasses }) => forwardPasses)),
      seconds: total(of(name).map(({ seconds }) => seconds)),
    }),
  );
  const limits = Object.fromEntries(judged.flatMap(({ name, limit }) => (limit < rows.length ? [[name, limit]] : [])));
  const differences = Object.fromEntries(
    judged.flatMap(({ name }) => {
      if (baseline === undefined || name === baseline) return [];
      const less = (metric: string) => {
        const [a, b] = [values(name, metric), values(baseline, metric)];
        return interval(
          a.slice(0, b.length).map((value, i) => value - b[i]),
          about.seed,
        );
      };
      return [[name, byMetric(less)]];
    }),
  );

  const drawn = of(judged[0].name)[0]?.curves;
  const average = (name: string, curve: string) => {
    const lines = of(name).map(({ curves }) => curves![curve]);
    return lines[0].map((_, k) => mean(lines.map((line) => line[k]).filter((y) => Number.isFinite(y))));
  };
  const curves =
    drawn &&
    each(({ name }) => {
      const all = Object.keys(drawn).map((curve) => [curve, average(name, curve)] as const);
      return Object.fromEntries(all.filter(([, line]) => line.every((y) => Number.isFinite(y))));
    });
  const points = drawn && [...Object.values(drawn)[0].keys()];

  return finite({
    ...about,
    examples: rows.length,
    methods,
    ...(Object.keys(limits).length && { limits }),
    ...(baseline !== undefined && { baseline, differences }),
    metrics: how.metrics,
    ...(how.axis && points && { axis: how.axis.at.length ? how.axis : { ...how.axis, at: points }, curves }),
    cost: cost(rows),
  });
}

function cost(rows: readonly Row[]): Evaluation["cost"] {
  const sum = (rows: readonly Row[], of: (cost: Row["cost"]) => number) =>
    rows.reduce((total, { cost }) => total + of(cost), 0);
  const per = {
    forwardPasses: sum(rows, ({ forwardPasses }) => forwardPasses),
    seconds: sum(rows, ({ seconds }) => seconds),
    secondsPerText: sum(rows, ({ all }) => all) / rows.length,
  };
  const timed = rows.filter(({ cost }) => cost.alone !== undefined && cost.forwardPasses > 0);
  if (!timed.length) return per;
  const passes = sum(timed, ({ forwardPasses }) => forwardPasses);
  const many = sum(timed, ({ seconds }) => seconds) / passes;
  // The same texts, run alone as often as they were run together.
  const alone = sum(timed, ({ forwardPasses, alone }) => forwardPasses * alone!) / passes;
  if (!many) return per; // a clock too coarse
  return { ...per, secondsPerForwardPass: many, secondsPerForwardPassAlone: alone, speedup: alone / many };
}
