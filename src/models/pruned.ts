import { type Config, field, invalid, major } from "./config.ts";

/** How many of `heads` heads each block has lost: transformers 4 saves what is left of a pruned model, 5 prunes none. */
export function pruned(config: Config, heads: number): (block: number) => number {
  const given = (major(config) < 5 && field(config, "pruned_heads")) || {};
  if (typeof given !== "object" || Array.isArray(given)) throw invalid("pruned_heads", given, "an object of lists");
  const lost = new Map<number, number>();
  for (const [block, list] of Object.entries(given as object)) {
    const own = new Set<unknown>(Array.isArray(list) ? list : [undefined]);
    const fits = [...own].every((head) => Number.isInteger(head) && (head as number) >= 0 && (head as number) < heads);
    if (!/^\d{1,4}$/.test(block) || !fits || own.size >= heads) {
      throw invalid(`pruned_heads[${block}]`, list, `a list of some of the ${heads} heads`);
    }
    lost.set(Number(block), own.size);
  }
  return (block) => lost.get(block) ?? 0;
}
