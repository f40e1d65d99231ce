// Files over HTTP from a server that misbehaves in every way we could think of: either the very bytes, or a clear error.

import { gzipSync } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ReadOptions } from "../src/checkpoint/options.ts";
import { files, type Source } from "../src/checkpoint/sources.ts";
import { type ErrorCode, RelpropError } from "../src/errors.ts";
import { type Behaviour, DATE, type Exchange, hurried, type Served, serve } from "./server.ts";
import { code } from "./shipped.ts";

const FILE = "model.safetensors";
const truth = Uint8Array.from({ length: 300_007 }, (_, i) => (i * 2654435761) >>> 13);
const all: Record<string, Uint8Array> = { [FILE]: truth };

const test = suite("files over HTTP");

/** Reads a file as loading does: a header, then the rest in pieces of all sizes, forwards; at last once backwards. */
async function readAll(source: Source, options: ReadOptions = {}, file = FILE): Promise<Uint8Array | undefined> {
  const from = await files(source, options);
  try {
    const bytes = await from.open(file);
    if (!bytes) return undefined;
    const out = new Uint8Array(bytes.size);
    let at = 0;
    for (const length of [8, 5000, 100, 90_000, 1, 0, 120_000, bytes.size]) {
      const end = Math.min(at + length, bytes.size);
      out.set(await bytes.read(at, end, options.signal), at);
      at = end;
    }
    const early = await bytes.read(0, Math.min(bytes.size, 1000), options.signal);
    assert.equal(early, out.slice(0, 1000), "read again");
    return out;
  } finally {
    await from.close();
  }
}

const same = (got: Uint8Array | undefined, expected: Uint8Array = truth) => {
  assert.is(got?.length, expected.length);
  assert.ok(Buffer.compare(got!, expected) === 0, "other bytes");
};

/** `every`: not only that file but what else is asked for meets the behaviour. */
async function serving<T>(
  behave: Behaviour,
  use: (served: Served) => Promise<T>,
  content = all,
  every = false,
): Promise<T> {
  const served = await serve(content, (x) => (x.file === FILE || every ? behave(x) : "well"));
  try {
    return await use(served);
  } finally {
    await served.stop();
  }
}

const requests = ({ seen }: Served) =>
  seen.filter((line) => line.startsWith(FILE)).map((line) => line.slice(FILE.length + 1));

/** A scenario that ends with the very bytes. */
function right(name: string, behave: Behaviour, check: (served: Served) => void = () => {}, content = all): void {
  test(`right bytes: ${name}`, () =>
    serving(
      behave,
      async (served) => {
        same(await hurried(() => readAll(served.base)), content[FILE]);
        check(served);
      },
      content,
    ));
}

/** A scenario that ends with an error. */
function wrong(
  name: string,
  expected: ErrorCode,
  behave: Behaviour,
  check: (served: Served, error: RelpropError) => void = () => {},
): void {
  test(`${expected}: ${name}`, () =>
    serving(behave, async (served) => {
      const error = await hurried(() => readAll(served.base)).then(
        () => undefined,
        (error) => error,
      );
      assert.instance(error, RelpropError, error?.stack);
      assert.is(error.code, expected, error.message);
      check(served, error);
    }));
}

const first = (x: Exchange) => x.nth === 0;
const whole = (x: Exchange) => x.answer({ "content-range": undefined }, x.body, 200);
const honest = (n: number) => (served: Served) => assert.is(requests(served).length, n, requests(served).join(", "));

// ---- ranges

right(
  "a header, then all tensors in one request",
  () => "well",
  (served) => assert.equal(requests(served).slice(0, 2), ["0-65535 206", "65536-300006 206"]),
);
right("ranges ignored", whole, honest(1));
right("ranges ignored, no length", (x) =>
  x.answer({ "content-range": undefined, "content-length": undefined }, x.body, 200),
);
right("ranges ignored, no length, connection closed at the end", (x) => {
  x.response.sendDate = false;
  x.answer({ "content-range": undefined, "content-length": undefined, connection: "close" }, x.body, 200);
});
for (const [name, range] of [
  ["another start", (x: Exchange) => `bytes ${x.start + 1}-${x.end}/${x.body.length}`],
  ["no size", (x: Exchange) => `bytes ${x.start}-${x.end - 1}/*`],
  ["an end before its start", (x: Exchange) => `bytes ${x.start}-${x.start - 1}/${x.body.length}`],
  ["an end past the size", (x: Exchange) => `bytes ${x.start}-${x.end - 1}/${x.end - 1}`],
  ["more than was asked for", (x: Exchange) => `bytes ${x.start}-${x.end}/${x.body.length}`],
  ["another unit", (x: Exchange) => `items ${x.start}-${x.end - 1}/${x.body.length}`],
  ["a size beyond all numbers", (x: Exchange) => `bytes ${x.start}-${x.end - 1}/${"9".repeat(40)}`],
  ["none", () => undefined],
] as const) {
  right(`Content-Range of ${name}`, (x) => (x.partial ? x.answer({ "content-range": range(x) }) : "well"));
}
for (const [name, range] of [
  ["another start", (x: Exchange) => `bytes ${x.start + 1}-${x.end - 1}/${x.body.length}`],
  ["another size", (x: Exchange) => `bytes ${x.start}-${x.end - 1}/${x.body.length + 1}`],
  ["none", () => undefined],
] as const) {
  wrong(`Content-Range of ${name}, later on`, "FetchRange", (x) =>
    first(x) ? "well" : x.answer({ "content-range": range(x) }),
  );
}
right("shorter ranges than asked for", (x) => {
  if (!x.partial) return "well";
  const end = Math.min(x.start + 10_000, x.body.length);
  x.answer({ "content-range": `bytes ${x.start}-${end - 1}/${x.body.length}` }, x.body.subarray(x.start, end));
});
right("ranges no more, but the same file", (x) => (first(x) ? "well" : whole(x)));
right("status 200 with a part of the file", (x) => (x.partial ? x.answer({}, undefined, 200) : "well"));
right("bytes after the end", (x) => {
  const more = Buffer.concat([x.body.subarray(x.start, x.end), Buffer.from("more")]);
  return first(x) ? "well" : x.answer({}, more);
});
right(
  "no ETag and no date",
  (x) => x.answer({ etag: undefined, "last-modified": undefined }),
  (served) => assert.equal(requests(served), ["0-65535 206", "- 200"]),
);
right("a weak ETag alone", (x) => x.answer({ etag: 'W/"1"', "last-modified": undefined }), honest(2));
right("a weak ETag and a date", (x) => x.answer({ etag: 'W/"1"' }), honest(3));
right("a date alone", (x) => x.answer({ etag: undefined }), honest(3));
right("an empty file", () => "well", undefined, { [FILE]: new Uint8Array() });
right("a file shorter than the first range", () => "well", undefined, { [FILE]: truth.slice(0, 1001) });
right("a file as long as the first range", () => "well", undefined, { [FILE]: truth.slice(0, 65_536) });

// ---- a file that changes

wrong("another ETag, told by If-Range", "FetchChanged", (x) =>
  first(x) ? "well" : x.answer({ etag: '"2"', "content-range": undefined }, x.body, 200),
);
wrong("another ETag, If-Range ignored", "FetchChanged", (x) => (first(x) ? "well" : x.answer({ etag: '"2"' })));
wrong("another date", "FetchChanged", (x) =>
  x.answer({ etag: undefined, "last-modified": first(x) ? DATE : DATE.replace("01", "02") }),
);
wrong("an ETag that is no more told", "FetchChanged", (x) => (first(x) ? "well" : x.answer({ etag: undefined })));
wrong("gone", "FetchChanged", (x) => (first(x) ? "well" : x.answer({}, Buffer.from("gone"), 404)));
wrong("shorter than where we are", "FetchChanged", (x) =>
  first(x) ? "well" : x.answer({ "content-range": "bytes */9" }, Buffer.alloc(0), 416),
);

// ---- compression

const zipped = (x: Exchange) =>
  x.answer({ "content-encoding": "gzip", "content-range": undefined }, gzipSync(x.body), 200);
right("gzip in place of ranges", zipped, honest(2));
right("gzip on a range", (x) =>
  x.partial ? x.answer({ "content-encoding": "gzip" }, gzipSync(x.body.subarray(x.start, x.end))) : zipped(x),
);
wrong("gzip on a later range", "FetchRange", (x) =>
  first(x) ? "well" : x.answer({ "content-encoding": "gzip" }, gzipSync(x.body.subarray(x.start, x.end))),
);
test("right bytes: gzip on JSON that grows by it", () =>
  serving(
    zipped,
    async ({ base }) => same(await readAll(base, {}, "config.json"), Buffer.from("{}")),
    {
      "config.json": Buffer.from("{}"),
    },
    true,
  ));

const encodings: unknown[] = [];
right(
  "identity is asked for with ranges",
  (x) => {
    encodings.push(x.request.headers["accept-encoding"]);
    return "well";
  },
  () => assert.match(encodings.join("; "), /^(identity(, )?)+(; (identity(, )?)+)*$/),
);

// ---- cuts

for (let k = 0; k < 16; k++) {
  const at = Math.floor((truth.length * k) / 16);
  right(`cut after ${k}/16, then taken up`, (x) => {
    const cuts = x.nth < 2 && at >= x.start && at < x.end;
    return cuts ? x.cut(at - x.start) : "well";
  });
}
right("every answer cut after 20,000 bytes", (x) => (x.end - x.start > 20_000 ? x.cut(20_000) : "well"));
right("cut without ranges: begun anew", (x) => {
  if (!first(x)) return whole(x);
  x.response.writeHead(200, { "content-length": x.body.length });
  x.response.write(x.body.subarray(0, 1000), () => setTimeout(() => x.response.destroy(), 5));
});
right("each kind of failure in one load", (x) => {
  if (x.nth === 0) return x.answer({ "retry-after": 0 }, Buffer.from("busy"), 503);
  if (x.nth === 1) return x.cut(100);
  if (x.nth === 2) return x.response.destroy();
  if (x.nth === 3) return x.answer({ "retry-after": 0 }, Buffer.from("slow down"), 429);
  return x.nth === 4 ? x.cut(30_000) : "well";
});
wrong("cut at the same byte, again and again", "FetchTruncated", (x) => {
  if (first(x)) return "well";
  x.answer({ "content-length": undefined }, Buffer.alloc(0));
});
wrong("a short file without a length, cut", "FetchFailed", (x) => {
  x.response.writeHead(200, { "transfer-encoding": "chunked" });
  x.response.write("abc", () => setTimeout(() => x.response.destroy(), 5));
});

// ---- statuses

for (const status of [400, 401, 403, 410, 451]) {
  wrong(
    `${status}`,
    "FetchStatus",
    (x) => x.answer({}, Buffer.from("no"), status),
    (served, error) => {
      honest(1)(served);
      assert.is(error.facts.status, status);
    },
  );
}
for (const status of [408, 429, 500, 502, 503, 504]) {
  right(`${status}, then the file`, (x) =>
    first(x) ? x.answer({ "retry-after": 0 }, Buffer.from("later"), status) : "well",
  );
}
right("500 without Retry-After, then the file", (x) => (first(x) ? x.answer({}, Buffer.from("later"), 500) : "well"));
right("Retry-After as a date", (x) =>
  first(x) ? x.answer({ "retry-after": DATE }, Buffer.from("later"), 503) : "well",
);
wrong("500 for ever", "FetchStatus", (x) => x.answer({ "retry-after": 0 }, Buffer.from("never"), 500), honest(4));
wrong("an hour to wait", "FetchStatus", (x) => x.answer({ "retry-after": 3600 }, Buffer.from("later"), 503), honest(1));
wrong("206 to a request without a range", "FetchStatus", (x) =>
  x.answer({ "content-range": "bytes 0-1/x" }, Buffer.from("ab"), 206),
);
wrong("304 out of nowhere", "FetchStatus", (x) => x.answer({ "content-length": undefined }, Buffer.alloc(0), 304));
test("404: no such file, whatever the page says", () =>
  serving(
    (x) => x.answer({ "content-type": "text/html" }, Buffer.from("<html>"), 404),
    async ({ base }) => assert.is(await readAll(base), undefined),
  ));
test("HTML in place of the file is no file", () =>
  serving(
    (x) => x.answer({ "content-type": "text/html; charset=utf-8" }),
    async ({ base }) => {
      const from = await files(base);
      assert.is(await from.open(FILE), undefined);
      assert.is(from.pages?.get(FILE)?.code, "FetchContentType");
      await from.close();
    },
  ));
wrong(
  "connection reset each time",
  "FetchFailed",
  (x) => x.response.destroy(),
  (served) => assert.equal(requests(served), []),
);
right("connection reset once", (x) => (first(x) ? x.response.destroy() : "well"));

// ---- redirects

const to =
  (location: string | undefined, status = 302) =>
  (x: Exchange) =>
    x.answer({ location }, Buffer.from("there"), status);
for (const status of [301, 302, 303, 307, 308]) {
  right(`${status} within the server`, (x) =>
    x.path.startsWith("/elsewhere/") ? "well" : to(`/elsewhere/${x.file}`, status)(x),
  );
}
test("right bytes: redirects to another origin, each time", async () => {
  const cdn = await serve(all);
  try {
    await serving(
      (x) => to(`${cdn.base}/signed/${x.file}?token=1`)(x),
      async ({ base, seen }) => {
        same(await readAll(base));
        assert.is(seen.filter((line) => line.startsWith(FILE)).length, requests(cdn).length);
      },
    );
  } finally {
    await cdn.stop();
  }
});
for (const location of [
  "http://192.0.2.1/m",
  "http://example.com/m",
  "ftp://127.0.0.1/m",
  "file:///etc/passwd",
  "data:,x",
  "//192.0.2.1/m",
]) {
  wrong(`redirect to ${location}`, "OriginDenied", to(location));
}
wrong("a loop of redirects", "FetchStatus", (x) => to(x.path)(x), honest(6));
wrong("a redirect to nowhere", "FetchStatus", to(undefined));

// ---- lies about length

wrong("a length of 10^15", "FetchFailed", (x) => {
  x.response.writeHead(200, { "content-length": 1e15 });
  x.response.write("abc", () => setTimeout(() => x.response.destroy(), 5));
});
test("LimitExceeded: JSON without an end", () =>
  serving(
    ({ response }) => {
      response.writeHead(200);
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(2 ** 20, " ")));
        if (!response.destroyed) response.once("drain", more);
      };
      more();
    },
    async ({ base }) => assert.is(await code(readAll(base, {}, "tokenizer.json")), "LimitExceeded"),
    all,
    true,
  ));

// ---- abort

/** What is on its way ends by the abort, and not by the stall that would end it later. */
async function aborting(behave: (x: Exchange, abort: () => void) => unknown): Promise<void> {
  const controller = new AbortController();
  const abort = () => controller.abort("enough");
  return serving(
    (x) => behave(x, abort),
    async ({ base }) => {
      const error = await readAll(base, { signal: controller.signal }).catch((error) => error);
      assert.is(error.code, "Aborted", error.stack);
      assert.is(error.cause, "enough");
    },
  );
}

for (const [name, behave] of [
  ["before the server answers", (_, abort) => void setTimeout(abort, 20)],
  [
    "between head and body",
    (x, abort) => {
      x.response.writeHead(206, x.headers);
      x.response.flushHeaders();
      setTimeout(abort, 20);
    },
  ],
  [
    "in a slow body",
    (x, abort) => {
      if (first(x)) return "well";
      x.response.writeHead(206, x.headers);
      x.response.write(x.body.subarray(x.start, x.start + 1000), () => setTimeout(abort, 20));
    },
  ],
  [
    "in a slow body without ranges",
    (x, abort) => {
      x.response.writeHead(200, { "content-length": x.body.length });
      x.response.write(x.body.subarray(0, 1000), () => setTimeout(abort, 20));
    },
  ],
  [
    "while waiting to try again",
    (x, abort) => {
      x.answer({}, Buffer.from("busy"), 500);
      if (x.nth === 1) setTimeout(abort, 20);
    },
  ],
  [
    "while waiting as long as the server asks",
    (x, abort) => {
      x.answer({ "retry-after": 20 }, Buffer.from("busy"), 503);
      setTimeout(abort, 20);
    },
  ],
  [
    "while the server is silent between two ranges",
    (x, abort) => {
      if (first(x)) return "well";
      setTimeout(abort, 20);
    },
  ],
] as [string, (x: Exchange, abort: () => void) => unknown][]) {
  test(`Aborted: ${name}`, () => aborting(behave));
}

test("closing ends what is on its way", async () => {
  let closed = 0;
  await serving(
    (x) => {
      if (first(x)) return "well";
      x.response.writeHead(206, x.headers);
      x.response.write(x.body.subarray(x.start, x.start + 1000));
      x.response.on("close", () => closed++);
    },
    async ({ base }) => {
      const from = await files(base);
      const bytes = await from.open(FILE);
      await bytes!.read(0, 65_540);
      await from.close();
      for (let i = 0; i < 1000 && !closed; i++) await new Promise((resolve) => setTimeout(resolve, 10));
      assert.is(closed, 1);
    },
  );
});

// ---- progress, options, hubs

test("progress over all files", () =>
  serving(
    () => "well",
    async ({ base }) => {
      let before = 0;
      let known = 0;
      const last = new Map<string, number>();
      await readAll(base, {
        onProgress({ file, loaded, total, all }) {
          assert.ok(loaded > (last.get(file) ?? 0) && loaded <= total!);
          last.set(file, loaded);
          assert.ok(all.loaded > before && all.loaded <= (all.total ?? Infinity));
          before = all.loaded;
          if (all.total !== undefined) known ||= all.total;
          if (known) assert.is(all.total, known, "once known, the total stays");
        },
      });
      assert.is(known, truth.length + 2);
      assert.is(before, known);
      assert.is(last.size, 2);
    },
    { ...all, "config.json": Buffer.from("{}") },
  ));

test("integrity", () =>
  serving(
    () => "well",
    async ({ base }) => {
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", truth));
      const hex = Buffer.from(digest).toString("hex");
      same(await readAll(base, { integrity: { [FILE]: hex, "other.json": "sha256-x" } }));
      same(await readAll(base, { integrity: { [FILE]: `sha256-${Buffer.from(digest).toString("base64")}` } }));
      for (const bad of [hex.replace(/^./, "x"), "sha256-", "", `sha512-${hex}`]) {
        assert.is(await code(readAll(base, { integrity: { [FILE]: bad } })), "Integrity");
      }
    },
  ));

test("a fetch of one's own", () =>
  serving(
    () => "well",
    async ({ base }) => {
      const asked: string[] = [];
      const own = (url: URL, init: RequestInit) => {
        asked.push(url.pathname);
        return fetch(url.href.replace("https://assets.invalid", base), {
          ...init,
          headers: { ...init.headers, authorization: "x" },
        });
      };
      same(await readAll("https://assets.invalid/", { fetch: own }));
      assert.ok(asked.includes(`/${FILE}`));
    },
  ));

test("a hub", async () => {
  const paths = new Set<string>();
  await serving(
    (x) => {
      paths.add(x.path);
      return "well";
    },
    async ({ base }) => {
      same(await readAll({ hub: "org/a.name", endpoint: base }));
      same(await readAll({ hub: "alone", revision: "refs/pr/1", endpoint: new URL(`${base}/`) }));
      const from = await files({ hub: "org/name", endpoint: base });
      assert.is(from.name, "name");
      await from.close();
    },
  );
  assert.ok(paths.has(`/m/org/a.name/resolve/main/${FILE}`), [...paths].join());
  assert.ok(paths.has(`/m/alone/resolve/refs%2Fpr%2F1/${FILE}`), [...paths].join());
  for (const bad of ["", "a/b/c", "../b", "a/..", "a b", "https://x", "a/b?c", "a\\b", ".a/b"]) {
    assert.is(await code(readAll({ hub: bad, endpoint: "http://127.0.0.1:1" })), "InvalidInput", bad);
  }
  for (const bad of ["", "..", "a/../b", "?", "#", "a b", "/a"]) {
    assert.is(await code(readAll({ hub: "a/b", revision: bad, endpoint: "http://127.0.0.1:1" })), "InvalidInput", bad);
  }
  assert.is(await code(readAll({ hub: "a/b", endpoint: "http://example.com" })), "OriginDenied");
});

test.run();
