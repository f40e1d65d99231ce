// An evaluation's curves as one SVG figure: a panel for each curve, a line for each method.

import { RelpropError } from "../errors.ts";
import { drawn, escaped, short } from "../render/text.ts";
import type { Evaluation } from "./summary.ts";

/** Okabe and Ito's colours, distinct for all common kinds of colour vision; further lines are dashed. */
const colors = ["#000000", "#e69f00", "#56b4e9", "#009e73", "#0072b2", "#d55e00", "#cc79a7", "#999999"];

const panel = { width: 300, height: 220, left: 52, top: 34, gap: 24 };

/**
 * Draws the perturbation curves of an evaluation as an SVG.
 * @throws InvalidInput if it is no evaluation.
 */
export const plot = (evaluation: Evaluation): string => drawn("plot()", "an evaluation", () => figure(evaluation));

function figure({ protocol, model, at, examples, axis, curves }: Evaluation): string {
  if (!axis || !curves) throw new RelpropError("InvalidOption", `the protocol ${protocol} has no curves to plot`);
  const methods = Object.keys(curves);
  const kinds = Object.keys(curves[methods[0]]);
  const step = panel.width + panel.left + panel.gap;
  const panels = kinds.map((kind, k) => draw(kind, k * step, axis, methods, curves));
  const legend = methods.map((name, m) => {
    const x = panel.left + (m % 4) * 170;
    const y = panel.top + panel.height + 62 + 18 * Math.floor(m / 4);
    return `<line x1="${x}" y1="${y - 4}" x2="${x + 22}" y2="${y - 4}" ${stroke(m)}/><text x="${x + 28}" y="${y}">${escaped(name)}</text>`;
  });
  const width = Math.max(kinds.length * step, panel.left + 4 * 170);
  const height = panel.top + panel.height + 70 + 18 * Math.ceil(methods.length / 4);
  const title = escaped(`${protocol}, ${model} at ${at}, ${examples} examples`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}" font-family="system-ui,Helvetica,Arial,sans-serif" font-size="12" fill="#1a1a1a">
<rect width="${width}" height="${height}" fill="#ffffff"/>
<text x="${panel.left}" y="16" font-size="13" font-weight="600">${title}</text>
${[...panels, ...legend].join("\n")}
</svg>
`;
}

type Curves = NonNullable<Evaluation["curves"]>;

function draw(
  kind: string,
  left: number,
  axis: NonNullable<Evaluation["axis"]>,
  methods: string[],
  curves: Curves,
): string {
  const ys = methods.flatMap((name) => curves[name][kind]);
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const room = 0.05 * (high - low || 1);
  const first = axis.at[0];
  const last = axis.at[axis.at.length - 1];
  const x = (value: number) => short(left + panel.left + (panel.width * (value - first)) / (last - first || 1));
  const y = (value: number) => short(panel.top + panel.height * (1 - (value - low + room) / (high - low + 2 * room)));
  const shapes = [0, 0.25, 0.5, 0.75, 1].flatMap((share) => {
    const [tx, ty] = [first + share * (last - first), low + share * (high - low)];
    const line = `<line x1="${x(first)}" y1="${y(ty)}" x2="${x(last)}" y2="${y(ty)}" stroke="#e5e5e5"/>`;
    const value = `<text x="${short(left + panel.left - 6)}" y="${y(ty)}" dy="4" text-anchor="end">${+ty.toPrecision(3)}</text>`;
    const tick = `<text x="${x(tx)}" y="${panel.top + panel.height + 16}" text-anchor="middle">${+tx.toPrecision(3)}</text>`;
    return [line, value, tick];
  });
  const lines = methods.map((name, m) => {
    const points = curves[name][kind].map((value, i) => `${x(axis.at[i])},${y(value)}`).join(" ");
    return `<polyline points="${points}" fill="none" ${stroke(m)}><title>${escaped(name)}</title></polyline>`;
  });
  const middle = short(left + panel.left + panel.width / 2);
  const names = `<text x="${middle}" y="${panel.top - 4}" text-anchor="middle">${escaped(kind)}</text><text x="${middle}" y="${panel.top + panel.height + 34}" text-anchor="middle">${escaped(axis.name)}</text>`;
  return [...shapes, names, ...lines].join("\n");
}

function stroke(method: number): string {
  const dash = method < colors.length ? "" : ` stroke-dasharray="${2 + 3 * Math.floor(method / colors.length)} 3"`;
  return `stroke="${colors[method % colors.length]}" stroke-width="1.6"${dash}`;
}
