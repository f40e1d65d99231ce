// What AutoTokenizer makes of a tokenizer's files, by both major versions of transformers (reference/autotokenizer.py): ids of
// texts, ids and token types of pairs.

import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { RelpropError } from "../src/errors.ts";
import { tokenizerOf } from "../src/inputs/tokenizers/read.ts";

type Json = Record<string, unknown>;
type Result = [texts: number[][], pairs: [ids: number[], types: number[] | null][]] | null;

interface Case {
  base: string;
  edit: Json;
  config: Json | null;
  model: Json;
  specials: Json | null;
  4: Result;
  5: Result;
}

const read = (name: string) => JSON.parse(readFileSync(new URL(`reference/${name}`, import.meta.url), "utf8"));
const fixture: {
  transformers: Record<4 | 5, string>;
  texts: string[];
  pairs: [string, string][];
  bases: Record<string, Json>;
  cases: Case[];
} = read("autotokenizer.json");
const { charsmap }: { charsmap: string } = read("subwords.json");

for (const major of [4, 5] as const) {
  test(`${fixture.cases.length} combinations of files as in transformers ${fixture.transformers[major]}`, async () => {
    let [same, refused] = [0, 0];
    for (const one of fixture.cases) {
      const wanted = one[major];
      if (!wanted || (major === 5 && one.config?.added_tokens_decoder)) continue; // 4.x wrote such files
      const json = JSON.stringify({ ...fixture.bases[one.base], ...one.edit });
      const files = {
        tokenizer: JSON.parse(
          json.replaceAll('"precompiled_charsmap":"charsmap"', `"precompiled_charsmap":"${charsmap}"`),
        ),
        config: one.config ?? undefined,
        specials: one.specials ?? undefined,
        model: { ...one.model, transformers_version: fixture.transformers[major] },
      };
      const where = JSON.stringify({ ...one, 4: undefined, 5: undefined });
      try {
        const { tokenizer } = await tokenizerOf(files);
        assert.equal(
          fixture.texts.map((text) => tokenizer.encode(text).ids),
          wanted[0],
          where,
        );
        for (const [i, [text, pair]] of fixture.pairs.entries()) {
          const { ids, tokens } = tokenizer.encode(text, pair);
          const [wantedIds, types] = wanted[1][i];
          assert.equal(ids, wantedIds, where);
          assert.equal(
            tokens.map(({ typeId = 0 }) => typeId),
            types ?? ids.map(() => 0),
            where,
          );
        }
        same++;
      } catch (error) {
        if (!(error instanceof RelpropError)) throw error;
        refused++;
        console.log(`${error.code}: ${error.message}`);
      }
    }
    console.log(`transformers ${major}: ${same} combinations are the same, ${refused} are refused`);
    assert.is(refused, 0);
    assert.ok(same > 250);
  });
}

test.run();
