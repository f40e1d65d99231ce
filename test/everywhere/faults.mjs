// A server that misbehaves on purpose, by folder, on another origin than any page's.

import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { serve } from "../server.ts";

const open = {
  "access-control-allow-origin": "*",
  "access-control-allow-headers": "*, range, if-range",
  "access-control-expose-headers": "*",
};

/** What each folder must come to: a cut download goes on where it stopped. */
export const outcomes = {
  well: "loaded",
  missing: "MissingFile",
  page: "FetchContentType",
  cut: "loaded",
  slow: "Aborted",
};

/** Calls `use` with the server's base and the server; returns how often a download was cut. */
export async function misbehaving(folder, use) {
  const files = Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(`${folder}/${name}`)]));
  let cuts = 0;
  const behave = (exchange) => {
    const { path, file, request, response } = exchange;
    if (request.method === "OPTIONS") return response.writeHead(204, open).end();
    if (file === "model.safetensors") {
      if (path.includes("/missing/")) return exchange.answer({ ...open }, new Uint8Array(), 404);
      if (path.includes("/page/")) return exchange.answer({ ...open, "content-type": "text/html" });
      if (path.includes("/cut/") && exchange.end - exchange.start > 200_000 && cuts++ === 0) {
        response.writeHead(exchange.status, { ...exchange.headers, ...open });
        return response.write(exchange.body.subarray(exchange.start, exchange.start + 100_000), () =>
          setTimeout(() => response.destroy(), 20),
        );
      }
      if (path.includes("/slow/")) {
        response.writeHead(exchange.status, { ...exchange.headers, ...open });
        return response.write(exchange.body.subarray(exchange.start, exchange.start + 1000));
      }
    }
    return exchange.answer({ ...open });
  };
  const server = await serve(files, behave);
  try {
    await use(server.base.replace(/\/m$/, ""), server);
    return cuts;
  } finally {
    await server.stop();
  }
}

/** Asks `faults` of app/ in some runtime, and compares. */
export async function said(folder, ask) {
  const cuts = await misbehaving(folder, async (base) => assert.deepEqual(await ask(base), outcomes));
  assert.ok(cuts > 0, "a download was cut");
}

/** Two loads cost the bytes of one if the first was kept. */
export async function keeps(folder, loadTwice) {
  const once = readdirSync(folder).reduce((bytes, name) => bytes + statSync(`${folder}/${name}`).size, 0);
  await misbehaving(folder, async (base, server) => {
    await loadTwice(base);
    assert.ok(server.sent < 1.1 * once, `${server.sent} bytes were sent for two loads, the files have ${once}`);
  });
}
