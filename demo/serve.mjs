// A static server for the page: types, a Content-Security-Policy for the workers too, and answers that a browser may
// keep and must ask about (ETag).

import { readFile, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, resolve, sep } from "node:path";

const types = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
  ".wasm": "application/wasm",
  ".txt": "text/plain; charset=utf-8",
};

export const policy =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; font-src 'self'; " +
  "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'";

/** Serves a folder on this machine; port 0 takes any that is free. */
export async function serve(folder, port = 0, headers = { "content-security-policy": policy }) {
  const root = resolve(folder);
  const server = createServer(async (request, response) => {
    try {
      const { pathname } = new URL(request.url, "http://localhost");
      const path = resolve(root, `.${decodeURIComponent(pathname.endsWith("/") ? `${pathname}index.html` : pathname)}`);
      if (!path.startsWith(root + sep)) throw new Error("outside");
      const { mtimeMs, size } = await stat(path);
      const etag = `"${Math.round(mtimeMs).toString(36)}-${size.toString(36)}"`;
      const type = types[extname(path)] ?? "application/octet-stream";
      const about = { "cache-control": "no-cache", ...headers, "content-type": type, etag };
      if (request.headers["if-none-match"] === etag) return response.writeHead(304, about).end();
      response.writeHead(200, { ...about, "content-length": size }).end(await readFile(path));
    } catch {
      response.writeHead(404, { ...headers, "content-type": "text/plain" }).end("not found");
    }
  });
  await new Promise((ready) => server.listen(port, "127.0.0.1", ready));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}
