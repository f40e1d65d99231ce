// A diagnosis as a table for terminals and as small multiples, one panel for each statistic by block.

import type { Diagnosis } from "../diagnose/diagnosis.ts";
import { aligned, drawn, escaped, numbers, short, visible } from "./text.ts";

/** A line of a panel: its points' y, and what it is called. */
interface Line {
  name: string;
  y: number[];
  /** Lines of one kind are drawn alike. */
  kind: number;
}

interface Panel {
  title: string;
  /** What the x axis is. */
  across: string;
  lines: Line[];
  /** Of both axes, or only the vertical one. */
  log?: "both" | "y";
}

/** Okabe and Ito's colours, distinct for all common kinds of colour vision. */
const colors = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];

function panels({ stream, blocks }: Diagnosis): Panel[] {
  const at = (title: string, lines: [string, number[]][], log?: "y"): Panel => ({
    title,
    across: "blocks passed",
    log,
    lines: lines.map(([name, y], kind) => ({ name, y, kind })),
  });
  const gradients = (["query", "key", "value"] as const).flatMap((name) => {
    const y = blocks.map((block) => block.gradients[name] ?? Number.NaN);
    return y.some(Number.isFinite) ? [[`W of ${name}`, y] as [string, number[]]] : [];
  });
  const heads = (name: string, of: (block: Diagnosis["blocks"][number]) => number[]): Panel => {
    const most = Math.max(...blocks.map((block) => of(block).length));
    const lines = Array.from({ length: most }, (_, h) => ({
      name: `head ${h}`,
      y: blocks.map((block) => of(block)[h] ?? Number.NaN),
      kind: h,
    }));
    return { title: name, across: "block", lines };
  };
  const energies = Object.keys(stream[0].energy ?? {});
  return [
    at("cosine similarity of tokens", [
      ["mean cosine", stream.map(({ cosine }) => cosine)],
      ["residual ratio", stream.map(({ residual }) => residual)],
    ]),
    at("ranks of the stream", [
      ["stable rank", stream.map(({ stableRank }) => stableRank)],
      ["effective rank", stream.map(({ effectiveRank }) => effectiveRank)],
    ]),
    at("norm of the stream", [["‖X‖", stream.map(({ norm }) => norm)]], "y"),
    heads("entropy of attention, nats", (block) => block.heads.map(({ entropy }) => entropy)),
    ...(blocks[0]?.heads[0]?.mass === undefined
      ? []
      : [heads("attention on the chosen tokens", (block) => block.heads.map(({ mass }) => mass!))]),
    ...(gradients.length ? [{ ...at("gradients of projections", gradients, "y"), across: "block" }] : []),
    {
      title: "variance of attention's output",
      across: "position",
      log: "both",
      lines: blocks.map(({ variance }, i) => ({ name: `block ${i}`, y: variance, kind: i })),
    },
    ...(energies.length
      ? [
          at(
            "energy",
            energies.map((name) => [name, stream.map(({ energy }) => energy![name])]),
          ),
        ]
      : []),
  ];
}

const size = { width: 250, height: 150, left: 58, top: 40, across: 3, gap: 30, below: 62 };

/**
 * The curves of a diagnosis by block, as small multiples in one SVG figure.
 * @throws InvalidInput if it is no diagnosis.
 */
export const charts = (diagnosis: Diagnosis): string => drawn("charts()", "a diagnosis", () => multiples(diagnosis));

function multiples(diagnosis: Diagnosis): string {
  const all = panels(diagnosis);
  const [wide, high] = [size.left + size.width + size.gap, size.top + size.height + size.below];
  const [columns, rows] = [Math.min(size.across, all.length), Math.ceil(all.length / size.across)];
  const drawn = all.map((panel, k) => {
    const [x, y] = [(k % size.across) * wide, 34 + Math.floor(k / size.across) * high];
    return `<g transform="translate(${x} ${y})">${draw(panel)}</g>`;
  });
  const [width, height] = [columns * wide, 34 + rows * high];
  const title = escaped(`${diagnosis.model}: ${diagnosis.text.replaceAll("\n", ", ").slice(0, 90)}`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}" font-family="system-ui,Helvetica,Arial,sans-serif" font-size="11" fill="#1a1a1a">
<rect width="${width}" height="${height}" fill="#ffffff"/>
<text x="${size.left}" y="24" font-size="13" font-weight="600">${title}</text>
${drawn.join("\n")}
</svg>
`;
}

function draw({ title, across, lines, log }: Panel): string {
  const longest = Math.max(...lines.map(({ y }) => y.length));
  const values = lines.flatMap(({ y }) => y).filter((v) => Number.isFinite(v) && (!log || v > 0));
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const shown = log ? Math.log10 : (v: number) => v;
  const room = 0.06 * (shown(most) - shown(least)) || 0.5;
  const [low, high] = [shown(least) - room, shown(most) + room];
  const first = log === "both" ? 1 : 0;
  const [from, to] = log === "both" ? [0, Math.log10(Math.max(2, longest))] : [0, Math.max(1, longest - 1)];
  const x = (i: number) => size.left + (size.width * ((log === "both" ? Math.log10(i + 1) : i) - from)) / (to - from);
  const y = (v: number) => size.top + size.height * (1 - (shown(v) - low) / (high - low));
  const grid = [0, 0.5, 1].map((share) => {
    const at = low + share * (high - low);
    const value = log ? 10 ** at : at;
    const up = short(y(value));
    const text =
      Math.abs(value) >= 1e4 || (value !== 0 && Math.abs(value) < 1e-2)
        ? value.toExponential(1)
        : String(+value.toPrecision(3));
    return `<line x1="${size.left}" y1="${up}" x2="${size.left + size.width}" y2="${up}" stroke="#e5e5e5"/><text x="${size.left - 6}" y="${up}" dy="4" text-anchor="end">${escaped(text.replaceAll("-", "−"))}</text>`;
  });
  const ticks = [...new Set([0, Math.floor((longest - 1) / 2), longest - 1])].map(
    (i) => `<text x="${short(x(i))}" y="${size.top + size.height + 15}" text-anchor="middle">${i + first}</text>`,
  );
  const drawn = lines.map(({ name, y: values, kind }) => {
    const points = values.flatMap((v, i) =>
      Number.isFinite(v) && (!log || v > 0) ? [`${short(x(i))},${short(y(v))}`] : [],
    );
    const color = colors[kind % colors.length];
    const dots =
      longest > 1
        ? ""
        : points.map((p) => `<circle cx="${p.split(",")[0]}" cy="${p.split(",")[1]}" r="3" fill="${color}"/>`).join("");
    return `<polyline points="${points.join(" ")}" fill="none" stroke="${color}" stroke-width="1.5"><title>${escaped(name)}</title></polyline>${dots}`;
  });
  const few = lines.slice(0, 4);
  const legend = few.map(({ name, kind }, k) => {
    const [lx, ly] = [size.left + (k % 2) * 130, size.top + size.height + 38 + 14 * Math.floor(k / 2)];
    return `<rect x="${lx}" y="${ly - 7}" width="9" height="9" fill="${colors[kind % colors.length]}"/><text x="${lx + 14}" y="${ly + 1}">${escaped(k === 3 && lines.length > 4 ? `… ${lines[lines.length - 1].name}` : name)}</text>`;
  });
  return `<text x="${size.left}" y="${size.top - 12}" font-weight="600">${escaped(title)}</text><text x="${size.left + size.width}" y="${size.top + size.height + 15}" text-anchor="end" fill="#666666" dy="12">${escaped(across)}</text>${[...grid, ...ticks, ...drawn, ...legend].join("")}`;
}

/** Lines for people. */
export const diagnosisTable = (diagnosis: Diagnosis): string =>
  drawn("a diagnosis's table", "a diagnosis", () => measures(diagnosis));

function measures({
  text,
  model,
  backend,
  target,
  contrast,
  stream,
  blocks,
  weights,
  tokens,
  warnings,
}: Diagnosis): string {
  const about = `${visible(model)} on ${visible(backend)}: ${visible(text)}, ${tokens.length} tokens`;
  const logit = `${visible(target.label)}${contrast ? ` less ${visible(contrast.label)}` : ""}`;
  const energies = Object.keys(stream[0].energy ?? {});
  const masses = blocks.some(({ heads }) => heads.some(({ mass }) => mass !== undefined));
  const head = [
    "after",
    "cosine",
    "residual",
    "stable",
    "effective",
    "‖X‖",
    "entropy",
    ...(masses ? ["mass"] : []),
    "slope",
    "∂W_Q",
    "∂W_K",
    "∂W_V",
    ...energies,
  ];
  const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
  const rows = stream.map((state, i) => {
    const block = blocks[i - 1];
    const { query, key, value } = block?.gradients ?? {};
    const inner = block
      ? [
          figure(mean(block.heads.map(({ entropy }) => entropy))),
          ...(masses ? [figure(mean(block.heads.map(({ mass }) => mass!)))] : []),
          figure(block.slope),
          ...[query, key, value].map(figure),
        ]
      : Array<string>(masses ? 6 : 5).fill("");
    return [
      i ? `block ${i - 1}` : "embeddings",
      ...[state.cosine, state.residual, state.stableRank, state.effectiveRank, state.norm].map(figure),
      ...inner,
      ...energies.map((name) => figure(state.energy![name])),
    ];
  });
  const parts = [`${about}\nGradients are of the logit of ${logit}.\n`, aligned([head, ...rows])];
  if (weights) {
    const own = weights.map((one) => [
      visible(one.name),
      visible(one.shape.join(" × ")),
      ...[one.norm, one.stableRank, one.effectiveRank].map(figure),
    ]);
    parts.push(aligned([["matrix", "shape", "‖W‖", "stable", "effective"], ...own]));
  }
  for (const warning of warnings) parts.push(`${visible(warning)}\n`);
  return parts.join("\n");
}

function figure(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return "–";
  if (value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e5))
    return value.toExponential(2).replaceAll("-", "−");
  return numbers([value])(value);
}
