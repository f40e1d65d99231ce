// An HTTP server on this machine that serves files as it should (ranges, If-Range, ETag, dates) and can be told not to.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Exchange {
  /** The last part of the path. */
  file: string;
  path: string;
  /** How many requests came for this file before. */
  nth: number;
  request: IncomingMessage;
  response: ServerResponse;
  body: Buffer;
  /** The bytes asked for, all without a Range or with an If-Range that does not hold. */
  start: number;
  end: number;
  partial: boolean;
  /** What an honest answer's head would say. */
  status: number;
  headers: Record<string, string | number>;
  /** Answers as it should, with some headers or the status changed; a header is left out where it is undefined. */
  answer(change?: Record<string, string | number | undefined>, body?: Uint8Array, status?: number): void;
  /** Sends the head and that many bytes, then breaks the connection. */
  cut(bytes: number): void;
}

/** Answers itself, or returns "well" for the honest answer. */
export type Behaviour = (exchange: Exchange) => unknown;

export interface Served {
  base: string;
  /** All requests so far, as "file range status"; a range is "-" where none was asked for. */
  seen: string[];
  /** Bytes of bodies sent as they should. */
  sent: number;
  stop(): Promise<void>;
}

export const DATE = "Wed, 01 Jan 2025 00:00:00 GMT";

export async function serve(files: Record<string, Uint8Array>, behave: Behaviour = () => "well"): Promise<Served> {
  const counts = new Map<string, number>();
  const server = createServer((request, response) => {
    const path = request.url!.split("?")[0];
    const file = path.split("/").pop()!;
    const nth = counts.get(file) ?? 0;
    counts.set(file, nth + 1);
    response.on("error", () => {});
    const found = Object.hasOwn(files, file) ? files[file] : undefined;
    const body = Buffer.from(found ?? "no such file");
    const etag = `"${file}-1"`;
    const headers: Exchange["headers"] = { "content-type": "application/octet-stream", etag, "last-modified": DATE };
    const asked = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
    const condition = request.headers["if-range"];
    const partial = !!asked && (!condition || condition === etag || condition === DATE);
    const start = partial ? Number(asked[1]) : 0;
    const end = partial ? Math.min(Number(asked[2]) + 1, body.length) : body.length;
    let status = partial ? 206 : 200;
    if (partial && start >= body.length) {
      status = 416;
      headers["content-range"] = `bytes */${body.length}`;
    } else if (partial) {
      headers["content-range"] = `bytes ${start}-${end - 1}/${body.length}`;
    }
    headers["content-length"] = status === 416 ? 0 : end - start;
    if (!found) status = 404;
    const part = status === 416 ? Buffer.alloc(0) : body.subarray(start, end);

    const head = (now: number, change: Record<string, string | number | undefined>) => {
      seen.push(`${file} ${asked ? `${asked[1]}-${asked[2]}` : "-"} ${now}`);
      const merged = { ...headers, ...change };
      for (const name of Object.keys(merged)) if (merged[name] === undefined) delete merged[name];
      response.writeHead(now, merged as Record<string, string | number>);
    };
    const answer: Exchange["answer"] = (change = {}, bytes = part, now = status) => {
      head(now, { ...(bytes !== part && { "content-length": bytes.length }), ...change });
      served.sent += bytes.length;
      response.end(bytes);
    };
    const cut: Exchange["cut"] = (bytes) => {
      head(status, {});
      response.write(part.subarray(0, Math.max(1, bytes)), () => setTimeout(() => response.destroy(), 5));
    };
    const exchange = { file, path, nth, request, response, body, start, end, partial, status, headers, answer, cut };
    if (behave(exchange) === "well") answer();
  });
  const seen: string[] = [];
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const served: Served = {
    base: `http://127.0.0.1:${(server.address() as AddressInfo).port}/m`,
    seen,
    sent: 0,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections?.();
      }),
  };
  return served;
}

/** While it runs, waits before another attempt are fifty times shorter. */
export async function hurried<T>(run: () => Promise<T>): Promise<T> {
  const patient = globalThis.setTimeout;
  const hasty = (call: () => void, delay = 0, ...rest: unknown[]) =>
    patient(call, delay > 100 && delay < 5000 ? delay / 50 : delay, ...rest);
  globalThis.setTimeout = hasty as typeof setTimeout;
  try {
    return await run();
  } finally {
    globalThis.setTimeout = patient;
  }
}
