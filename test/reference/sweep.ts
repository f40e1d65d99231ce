// Reports on checkpoints that sweep.py wrote: how many are right, refused and why, wrong and how.
//
//     node --import ./test/hook.mjs test/reference/sweep.ts FILE.jsonl… [--wrong OUT.jsonl] [--seed N] [--family F] [--json]

import { appendFileSync, createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { judge, type Line, type Verdict } from "../sweep.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    wrong: { type: "string" },
    seed: { type: "string" },
    family: { type: "string" },
    head: { type: "string" },
    verbose: { type: "boolean" },
    table: { type: "boolean" },
  },
});

const counts = new Map<string, Record<string, number>>();
const reasons = new Map<string, number>();
/** Refusals by family and version: how many for each field. */
const fields = new Map<string, Map<string, number>>();
const more = <K>(counts: Map<K, number>, key: K) => counts.set(key, (counts.get(key) ?? 0) + 1);

const count = (line: Line, { verdict, why, message }: Verdict) => {
  const key = `${line.family} ${line.version}`;
  const row = counts.get(key) ?? { right: 0, refused: 0, wrong: 0, unsettled: 0 };
  row[verdict]++;
  counts.set(key, row);
  if (verdict === "refused") {
    const reason = `${line.family}: ${why}: ${message}`;
    more(reasons, reason);
    const own = fields.get(key) ?? new Map<string, number>();
    fields.set(key, more(own, String(why).split(" ").at(-1)!));
  }
  if (verdict === "unsettled" && values.verbose)
    console.log(`unsettled ${line.family} ${line.head} ${line.seed}: ${why} ${message}`);
  if (verdict !== "wrong") return;
  const name = `${line.family} ${line.head} ${line.version} seed ${line.seed}`;
  console.log(`WRONG ${name}: ${why}: ${message}\n      ${JSON.stringify(line.drawn)}`);
  if (values.wrong) appendFileSync(values.wrong, `${JSON.stringify(line)}\n`);
};

for (const file of positionals) {
  for await (const text of createInterface({ input: createReadStream(file) })) {
    const line: Line = JSON.parse(text);
    if (values.family && line.family !== values.family) continue;
    if (values.head && line.head !== values.head) continue;
    if (values.seed && line.seed !== Number(values.seed)) continue;
    count(line, await judge(line, { backend: "wasm" }));
  }
}
const sorted = <V>(map: Map<string, V>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
if (values.table) {
  console.log(
    "| family | transformers | tried | right | refused | wrong | unsettled | refused for |\n|---|---|---|---|---|---|---|---|",
  );
  for (const [key, { right, refused, wrong, unsettled }] of sorted(counts)) {
    const why = [...(fields.get(key) ?? [])].sort(([, a], [, b]) => b - a).map(([field, n]) => `${field} ${n}`);
    const row = [
      ...key.split(" "),
      right + refused + wrong + unsettled,
      right,
      refused,
      wrong,
      unsettled,
      why.join(", "),
    ];
    console.log(`| ${row.join(" | ")} |`);
  }
} else {
  for (const [reason, n] of sorted(reasons)) console.log(`${n} refused: ${reason}`);
  for (const [key, row] of sorted(counts)) console.log(key, JSON.stringify(row));
}
