// Line plots as SVG, both axes logarithmic: a law tⁿ is a straight line of slope n.

export const HUES = ["#1f5fa8", "#c4541c", "#3a8a4d", "#7d4aa3", "#8a6d1f"];
const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [640, 420, 70, 150, 44, 52];

/**
 * Panels side by side, each { title, x, y, lines }, a line { name, points: [x, y][], dashed?, hue? }. Axes end at the
 * data; `y` values are shown by `format`.
 */
export function plots(panels) {
  const body = panels.map((panel, i) => `<g transform="translate(${i * WIDTH} 0)">${draw(panel)}</g>`).join("\n");
  const [w, h] = [panels.length * WIDTH, HEIGHT];
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${w} ${h}" width="${w}" height="${h}" ` +
    `font-family="system-ui, sans-serif" font-size="13">\n<title>${panels.map(({ title }) => title).join("; ")}</title>\n<rect width="${w}" height="${h}" fill="#fff"/>\n${body}\n</svg>\n`
  );
}

function draw({ title, x, y, lines, format = String }) {
  const points = lines.flatMap((line) => line.points);
  const across = axis(
    points.map(([a]) => a),
    [LEFT, WIDTH - RIGHT],
    2,
  );
  const up = axis(
    points.map(([, b]) => b),
    [HEIGHT - BOTTOM, TOP],
    10,
  );
  const parts = [
    `<text x="${LEFT}" y="20" font-size="15" font-weight="600">${title}</text>`,
    ...across.ticks.map(
      (v) =>
        `<line x1="${across.at(v)}" x2="${across.at(v)}" y1="${TOP}" y2="${HEIGHT - BOTTOM}" stroke="#e4e4e4"/>` +
        `<text x="${across.at(v)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${v}</text>`,
    ),
    ...up.ticks.map(
      (v) =>
        `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${up.at(v)}" y2="${up.at(v)}" stroke="#e4e4e4"/>` +
        `<text x="${LEFT - 8}" y="${up.at(v) + 4}" text-anchor="end">${format(v)}</text>`,
    ),
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 12}" text-anchor="middle">${x}</text>`,
    `<text x="${LEFT}" y="${TOP - 6}" fill="#555">${y}</text>`,
  ];
  // Names stand at the lines' ends, pushed apart where they would lie on each other.
  const ends = lines
    .map((line, i) => ({ line, hue: line.hue ?? HUES[i % HUES.length], end: line.points[line.points.length - 1] }))
    .sort((a, b) => b.end[1] - a.end[1]);
  let above = 0;
  for (const { line, hue, end } of ends) {
    const path = line.points.map(([a, b], j) => `${j ? "L" : "M"}${across.at(a)} ${up.at(b)}`).join("");
    const dash = line.dashed ? ' stroke-dasharray="5 4"' : "";
    parts.push(`<path d="${path}" fill="none" stroke="${hue}" stroke-width="2"${dash}/>`);
    if (!line.dashed) {
      for (const [a, b] of line.points)
        parts.push(`<circle cx="${across.at(a)}" cy="${up.at(b)}" r="3" fill="${hue}"/>`);
    }
    above = Math.max(up.at(end[1]) + 4, above + 16);
    parts.push(`<text x="${across.at(end[0]) + 8}" y="${above}" fill="${hue}">${line.name}</text>`);
  }
  return parts.join("\n");
}

/** A logarithmic axis from the least value to the largest, with ticks at the powers of `base`, and at 2 and 5 of ten. */
function axis(values, [from, to], base) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const at = (v) => Math.round(10 * (from + ((to - from) * Math.log(v / low)) / Math.log(high / low))) / 10;
  const steps = base === 10 ? [1, 2, 5] : [1];
  const powers = Array.from({ length: 60 }, (_, i) => base ** (i - 20));
  const ticks = powers.flatMap((p) => steps.map((s) => s * p)).filter((v) => v >= low * 0.999 && v <= high * 1.001);
  return { at, ticks: ticks.map((v) => Number(v.toPrecision(6))) };
}
