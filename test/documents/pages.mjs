// Blocks of HTML in Chromium: pages as a user would paste them, the CDN's files those of the installed package.

import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { launch, serve, types } from "../everywhere/chromium.mjs";

const CDN = "https://cdn.jsdelivr.net/npm/relprop/";

/** In a page: whether a frame has a document by now, or an element has drawn its words. */
const shows = () =>
  document.querySelector("iframe[srcdoc]") ??
  document.querySelector("relprop-heatmap")?.shadowRoot?.textContent.includes("gorgeous");

/** What went wrong in each block's page. It must come to show a heatmap. */
export async function opened(blocks, app) {
  const files = new Map(blocks.map(({ code }, i) => [`/${i}`, code]));
  const site = await serve(async (path) => files.has(path) && [types[".html"], files.get(path)]);
  const browser = await launch();
  const found = [];
  try {
    for (const path of files.keys()) {
      const problems = [];
      const context = await browser.newContext();
      await context.route(`${CDN}**`, async (route) => {
        const file = route.request().url().slice(CDN.length);
        const body = await readFile(app.in(`node_modules/relprop/${file}`)).catch(() => undefined);
        if (!body) return route.fulfill({ status: 404 });
        const headers = { "content-type": types[extname(file)] ?? "text/plain", "access-control-allow-origin": "*" };
        await route.fulfill({ body, headers });
      });
      const page = await context.newPage();
      page.on("pageerror", (error) => problems.push(String(error)));
      await page.goto(site.origin + path);
      await page.waitForFunction(shows, undefined, { timeout: 60_000 }).catch(({ message }) => problems.push(message));
      found.push(problems);
      await context.close();
    }
  } finally {
    await browser.close();
    site.close();
  }
  return found;
}
