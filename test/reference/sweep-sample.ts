// The sample of the sweep that is committed: of each family and head some checkpoints, of both major versions, that together
// have as many unusual fields as so few can. What is refused stays in it with the refusal's code and field.
//
//     node --import ./test/hook.mjs test/reference/sweep-sample.ts FILE.jsonl… [--of N]    writes sweep/FAMILY.jsonl

import { createReadStream, mkdirSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { type Case, judge, type Line } from "../sweep.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { of: { type: "string", default: "3" } },
});

const kept = new Map<string, Map<string, Line[]>>();
for (const file of positionals) {
  for await (const text of createInterface({ input: createReadStream(file) })) {
    const line: Line = JSON.parse(text);
    const { verdict, why } = await judge(line, { backend: "wasm" });
    if (verdict === "wrong") throw new Error(`${line.family} ${line.head} seed ${line.seed} is wrong: ${why}`);
    if (verdict === "unsettled" || rough(line)) continue;
    const heads = kept.get(line.family) ?? new Map<string, Line[]>();
    kept.set(line.family, heads);
    heads.set(line.head, [
      ...(heads.get(line.head) ?? []),
      { ...line, ...(verdict === "refused" && { refused: why }) },
    ]);
  }
}

/** Whether float32 comes near a bound, so that another backend may be beyond it; at words a norm may leave nothing else. */
function rough({ cases }: Line): boolean {
  const all = cases.flatMap(({ noise }) => [
    noise!.logits,
    ...Object.entries(noise!.relevance).flatMap(([method, { embeddings, words = 0 }]) =>
      method === "gradient-x-input" ? [embeddings] : [embeddings, words],
    ),
  ]);
  return Math.max(...all) > 0.1;
}

/** What is drawn, field by field. */
const pairs = ({ drawn }: Line) => Object.entries(drawn!).map((pair) => JSON.stringify(pair));

/** How many checkpoints of the family have a field's value: rare ones are unusual. */
function frequencies(lines: Line[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const pair of lines.flatMap(pairs)) found.set(pair, (found.get(pair) ?? 0) + 1 / lines.length);
  return found;
}

function chosen(lines: Line[], seen: Set<string>, common: Map<string, number>, n: number): Line[] {
  const found: Line[] = [];
  const refused = (line: Line) => line.refused !== undefined;
  while (found.length < n) {
    const last = found.length === n - 1;
    const same = (line: Line) => found.length && found.every(({ version }) => version === line.version);
    const fit = lines.filter(
      (line) => !found.includes(line) && !(last && same(line)) && !(refused(line) && found.some(refused)),
    );
    const gain = (line: Line) => {
      const news = pairs(line).filter((pair) => !seen.has(pair) && common.get(pair)! < 0.2).length;
      return (1 + news) / JSON.stringify(line).length ** 3 / (refused(line) ? 1.5 : 1);
    };
    const [best] = fit.sort((a, b) => gain(b) - gain(a));
    if (!best) break;
    for (const pair of pairs(best)) seen.add(pair);
    found.push(best);
  }
  return found;
}

const digits = (key: string, value: unknown) =>
  typeof value !== "number" || !/^(logit|\d+)$/.test(key) ? value : Number(value.toPrecision(8));

/** A line without what the test does not read. */
function brief({ seed, head, version, refused, files, cases }: Line): string {
  const bare = cases.map(({ noise: _, ...one }: Case) => one);
  const read = Object.entries(files).map(([name, text]) => [
    name,
    name.endsWith(".json") ? JSON.parse(text as string) : text,
  ]);
  return JSON.stringify({ seed, head, version, refused, files: Object.fromEntries(read), cases: bare }, digits);
}

const folder = new URL("sweep/", import.meta.url);
mkdirSync(folder, { recursive: true });
let bytes = 0;
for (const [family, heads] of kept) {
  const common = frequencies([...heads.values()].flat());
  const seen = new Set<string>();
  const lines = [...heads.values()].flatMap((lines) => chosen(lines, seen, common, Number(values.of)));
  const text = `${lines.map(brief).join("\n")}\n`;
  bytes += text.length;
  writeFileSync(new URL(`${family}.jsonl`, folder), text);
  console.log(family, [...heads].map(([head, all]) => `${head} ${all.length}`).join(", "), text.length);
}
console.log(`${bytes} bytes`);
