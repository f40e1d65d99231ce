// What every bench needs: options, interleaved rounds, ratios with their quartiles, tables, versions. Runs in Node, Deno,
// Bun and in a page.

/** Options `--name value` of the command line or, in a page, of its query. */
export function options(defaults) {
  const found = { ...defaults };
  const given = globalThis.process?.argv?.slice(2) ?? new URLSearchParams(location.search).getAll("arg");
  for (let i = 0; i < given.length; i += 2) {
    const name = given[i].replace(/^--/, "");
    if (!(name in defaults))
      throw new Error(`there is no option ${given[i]}, only --${Object.keys(defaults).join(", --")}`);
    found[name] = given[i + 1];
  }
  return found;
}

export const list = (text) => String(text).split(",").filter(Boolean);
export const numbers = (text) => list(text).map(Number);

/** The runtime and its version. */
export function runtime() {
  if (globalThis.Deno) return `Deno ${Deno.version.deno}`;
  if (globalThis.Bun) return `Bun ${Bun.version}`;
  if (globalThis.process?.version) return `Node ${process.version.slice(1)}`;
  return navigator.userAgent.match(/Chrom\w*\/[\d.]+/)?.[0].replace("/", " ") ?? navigator.userAgent;
}

/**
 * Milliseconds of each of `runs`, functions by name, in each round. Rounds go through all runs in turn, every other one
 * backwards, so that whatever else the machine does meets all of them alike.
 */
export async function interleave(runs, rounds, warm = 2) {
  const names = Object.keys(runs);
  const times = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = -warm; round < rounds; round++) {
    for (const name of round % 2 ? [...names].reverse() : names) {
      const start = performance.now();
      await runs[name]();
      if (round >= 0) times[name].push(performance.now() - start);
    }
  }
  return times;
}

/** The value a share `at` of the way up. */
function quantile(values, at) {
  const sorted = [...values].sort((a, b) => a - b);
  const place = at * (sorted.length - 1);
  const low = Math.floor(place);
  return sorted[low] + (place - low) * (sorted[Math.ceil(place)] - sorted[low]);
}
export const median = (values) => quantile(values, 0.5);

/** The median of a's times over b's in the same rounds, with its quartiles. */
export function ratio(times, a, b, scale = 1) {
  if (!times[a] || !times[b]) return "–";
  const all = times[a].map((t, i) => (scale * t) / times[b][i]);
  const digits = median(all) >= 100 ? 0 : median(all) >= 10 ? 1 : 2;
  const [low, mid, high] = [0.25, 0.5, 0.75].map((q) => quantile(all, q).toFixed(digits));
  return `${mid} (${low}–${high})`;
}

/** Rows of cells as a Markdown table, which is readable as it is. */
export function table(head, rows) {
  const all = [head, ...rows.map((row) => row.map(String))];
  const widths = head.map((_, c) => Math.max(...all.map((row) => row[c].length)));
  const line = (row) => `| ${row.map((cell, c) => cell.padEnd(widths[c])).join(" | ")} |`;
  const [first, ...rest] = all;
  return [line(first), `|${widths.map((w) => "-".repeat(w + 2)).join("|")}|`, ...rest.map(line)].join("\n");
}

/** What an explanation costs beside a prediction by its arithmetic alone (../README.md, "Size and speed"). */
export const floor = {
  "cp-lrp": (H, T) => (44 * H + 6 * T) / (24 * H + 4 * T),
  "attn-lrp": (H, T) => (48 * H + 12 * T) / (24 * H + 4 * T),
};

/** Starts something that may not run here: it, or why not. */
export async function attempt(start) {
  try {
    return { it: await start() };
  } catch (error) {
    return {
      why: String(error?.message ?? error)
        .split("\n")[0]
        .slice(0, 140),
    };
  }
}

/** Ends the process, whatever still holds handles. */
export const done = () => globalThis.process?.exit?.(0) ?? console.log("done");
