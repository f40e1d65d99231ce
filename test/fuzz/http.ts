// Servers that misbehave at random: the very bytes, or an error with a code, soon.

import * as assert from "uvu/assert";
import { readHeader } from "../../src/checkpoint/safetensors.ts";
import { files } from "../../src/checkpoint/sources.ts";
import type { Random } from "../corpus/safetensors-mutants.ts";
import { type Exchange, hurried, serve } from "../server.ts";
import { coded, type Fuzzer, pick } from "./shared/fuzzer.ts";

const FILE = "model.safetensors";
const SIZE = 200_000;
const json = Buffer.from(JSON.stringify({ w: { dtype: "U8", shape: [SIZE], data_offsets: [0, SIZE] } }));
const length = Buffer.alloc(8);
length.writeUInt32LE(json.length);
const body = Buffer.concat([
  length,
  json,
  Buffer.from(Array.from({ length: SIZE }, (_, i) => (i * 2654435761) >>> 13)),
]);

type Act = (x: Exchange, random: Random) => unknown;

const values = ["", "0", "9", "-1", "x", "gzip", "bytes 0-1/2", "bytes */0", "text/html", '"2"', 'W/"1"', "1e9", "é"];
const fields = [
  "content-length",
  "content-range",
  "content-type",
  "content-encoding",
  "etag",
  "last-modified",
  "location",
  "retry-after",
];

const acts: Act[] = [
  () => "well",
  () => "well",
  () => "well",
  () => {}, // silence
  (x, random) => x.cut(random(x.end - x.start + 1)),
  (x) => x.response.destroy(),
  (x, random) =>
    x.answer({}, undefined, pick(random, [200, 204, 206, 301, 302, 304, 308, 400, 401, 403, 404, 416, 429, 500, 503])),
  (x, random) => {
    const name = pick(random, fields);
    const value = pick(random, values).replace("é", "e");
    x.answer({ [name]: random(3) ? value : undefined });
  },
  (x) => x.answer({ "content-range": undefined }, x.body, 200),
  (x, random) => {
    const end = Math.min(x.start + 1 + random(2 ** random(17)), x.end);
    x.answer({ "content-range": `bytes ${x.start}-${end - 1}/${x.body.length}` }, x.body.subarray(x.start, end));
  },
  (x, random) => x.answer({}, Buffer.concat([x.body.subarray(x.start, x.end), Buffer.alloc(random(9999))])),
  (x) => x.answer({ location: `/m/${x.file}?again` }, Buffer.alloc(0), 302),
  (x) => {
    x.response.writeHead(200, {});
    const more = () => {
      if (x.response.destroyed) return;
      if (x.response.write(Buffer.alloc(2 ** 16, 123))) setImmediate(more);
      else x.response.once("drain", more);
    };
    more();
  },
  (x) => {
    x.response.writeHead(x.status, x.headers);
    let at = x.start;
    const timer = setInterval(() => {
      if (x.response.destroyed) clearInterval(timer);
      else x.response.write(x.body.subarray(at, ++at));
    }, 20);
  },
];

export const fuzzer: Fuzzer = {
  async one(random) {
    const plan = Array.from({ length: 1 + random(4) }, () => pick(random, acts));
    const always = random(2) === 0;
    const served = await serve({ [FILE]: body, "config.json": Buffer.from("{}") }, (x) => {
      const act = plan[always ? x.nth % plan.length : x.nth];
      return act ? act(x, random) : "well";
    });
    try {
      const what = await hurried(() =>
        coded(async () => {
          const from = await files(served.base, { stallTimeout: 80 });
          try {
            const bytes = await from.open(FILE);
            if (!bytes) return;
            await readHeader(bytes, FILE);
            const found = await bytes.read(0, bytes.size);
            assert.ok(Buffer.compare(found, body) === 0, "other bytes");
          } finally {
            await from.close();
          }
        }),
      );
      return { bytes: body.length + served.sent, what };
    } finally {
      await served.stop();
    }
  },
};
