// An evaluation as a table for terminals.

import { aligned, drawn, visible } from "../render/text.ts";
import type { Interval } from "./bootstrap.ts";
import type { Evaluation } from "./summary.ts";

const arrow = { more: "↑", less: "↓", zero: "→ 0" };

/**
 * An evaluation as a table for terminals: means with intervals, forward passes and seconds of each method.
 * @throws InvalidInput if it is no evaluation.
 */
export const table = (evaluation: Evaluation): string => drawn("table()", "an evaluation", () => lines(evaluation));

function lines(evaluation: Evaluation): string {
  const { protocol, model, backend, at, examples, methods, metrics, baseline, differences, limits, cost } = evaluation;
  const names = Object.keys(metrics);
  const arrows = names.map((name) => `${name} ${arrow[metrics[name]]}`);
  const cells = (intervals: Record<string, unknown>, sign: string) =>
    names.map((name) => formatInterval(intervals[name] as Interval | undefined, sign));

  const judged = Object.entries(methods).map(([name, one]) => [
    visible(name),
    ...cells(one, ""),
    String(one.forwardPasses),
    one.seconds.toFixed(2),
    limits?.[name] ? `the first ${limits[name]}` : "",
  ]);
  const parts = [
    `${visible(protocol)}, ${visible(model)} on ${visible(backend)}, at ${visible(at)}: ${examples} examples; means with 95 % intervals (bootstrap)`,
    aligned([["method", ...arrows, "forward passes", "seconds", ""], ...judged]),
  ];
  if (baseline !== undefined && Object.keys(differences!).length) {
    const compared = Object.entries(differences!).map(([name, one]) => [visible(name), ...cells(one, "+")]);
    parts.push(aligned([[`less ${visible(baseline)}`, ...arrows], ...compared]));
  }
  const ms = (seconds: number) => `${(1000 * seconds).toFixed(2)} ms`;
  const { secondsPerForwardPass: many, secondsPerForwardPassAlone: alone, speedup } = cost;
  const batched =
    many && `; a forward pass takes ${ms(many)} with others, ${ms(alone!)} alone: ${speedup!.toFixed(2)} times as long`;
  parts.push(`${ms(cost.secondsPerText)} a text${batched || ""}\n`);
  return parts.join("\n");
}

const figure = (value: number, sign: string) =>
  `${sign && value >= 0 ? sign : ""}${value.toFixed(3).replace("-", "−")}`;

const formatInterval = (interval: Interval | undefined, sign: string) => {
  if (!interval) return "–";
  const [mean, low, high] = [interval.mean, interval.low, interval.high].map((value) => figure(value, sign));
  return `${mean} [${low}, ${high}]`;
};
