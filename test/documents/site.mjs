// The built site in Chromium: pages at two widths, light and dark, without accessibility faults, console errors or requests to
// others; the search finds what it must; the live example explains. CI opens some; --all opens each page in both widths and colours.
// Screenshots go to $SHOTS if that is set, of whole pages.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { launch, serve, types } from "../everywhere/chromium.mjs";

const dist = new URL("../../docs/.vitepress/dist/", import.meta.url);
if (!existsSync(dist)) throw new Error("there is no site: npm run docs");
const axe = readFileSync(fileURLToPath(new URL("../../node_modules/axe-core/axe.min.js", import.meta.url)), "utf8");
const more = { ".css": "text/css", ".svg": "image/svg+xml", ".png": "image/png", ".woff2": "font/woff2" };

const site = await serve(async (path) => {
  const file = path.endsWith("/") ? `${path}index.html` : extname(path) ? path : `${path}.html`;
  return [{ ...types, ...more }[extname(file)] ?? "text/plain", await readFile(new URL(`.${file}`, dist))];
});
const browser = await launch();
const shots = process.env.SHOTS;
const failures = [];

/** Opens a page, and looks after it. */
async function visit(path, { width, dark }, use = async () => {}) {
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    colorScheme: dark ? "dark" : "light",
    reducedMotion: "reduce",
  });
  const problems = [];
  context.on("request", (request) => {
    const url = new URL(request.url());
    if (url.origin !== site.origin && !/^(blob|data|about):/.test(url.protocol)) problems.push(`asks ${url.href}`);
  });
  const page = await context.newPage();
  page.on("console", (message) => {
    if (/error|warning/.test(message.type()) && message.text() !== "No available adapters.")
      problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(String(error)));
  try {
    await page.goto(site.origin + path, { waitUntil: "networkidle" });
    await use(page);
    const wide = await page.evaluate(() => {
      const over = document.documentElement.scrollWidth - document.documentElement.clientWidth;
      const beyond = (element) => element.getBoundingClientRect().right > document.documentElement.clientWidth + 1;
      return (
        over > 0 && [
          over,
          ...[...document.querySelectorAll("main *")].filter(beyond).map((e) => e.outerHTML.slice(0, 80)),
        ]
      );
    });
    if (wide) problems.push(`is wider than its window: ${wide.slice(0, 4).join(" ")}`);
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, { iframes: false }));
    for (const { id, nodes } of violations)
      problems.push(`${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" ")}`);
    if (shots)
      await page.screenshot({
        path: `${shots}/${path.replaceAll("/", "_")}-${width}${dark ? "-dark" : ""}.png`,
        clip: await page.evaluate(() => ({
          x: 0,
          y: 0,
          width: innerWidth,
          height: Math.min(document.body.scrollHeight, 4000),
        })),
        fullPage: true,
      });
  } finally {
    await context.close();
  }
  for (const problem of problems) failures.push(`${path} at ${width}${dark ? ", dark" : ""}: ${problem}`);
}

/** The titles that the search lists for a text. */
async function found(page, text) {
  await page.keyboard.press("Control+k");
  await page.locator(".VPLocalSearchBox input").fill(text);
  const first = page.locator(".VPLocalSearchBox .result").first();
  await first.waitFor({ timeout: 20_000 });
  const titles = await page.locator(".VPLocalSearchBox .result").allInnerTexts();
  await page.keyboard.press("Escape");
  return titles;
}

async function live(page) {
  await page.getByRole("button", { name: "Explain" }).click();
  const frame = page.frameLocator("iframe");
  await frame.getByText("gorgeous").first().waitFor({ timeout: 60_000 });
}

async function search(page) {
  for (const [text, title] of [
    ["contrast", /contrast/i],
    ["MissingTensor", /MissingTensor/],
    ["CSV", /CSV/],
  ]) {
    const titles = await found(page, text);
    assert.ok(
      titles.some((one) => title.test(one)),
      `the search for ${text} finds ${titles.join(" | ")}`,
    );
  }
}

const wide = { width: 1280 };
const narrow = { width: 390 };
const some = [
  ["/", wide, live],
  ["/", { ...narrow, dark: true }],
  ["/start/browser", narrow],
  ["/understand/ledger", { ...wide, dark: true }],
  ["/reference/models", narrow],
  ["/errors", wide, search],
  ["/reference/api", { ...narrow, dark: true }],
  ["/recipes/frameworks", { ...wide, dark: true }],
];

/** Every page of the site in both widths and colours. */
function every() {
  const files = readdirSync(dist, { recursive: true }).filter((file) => file.endsWith(".html") && file !== "404.html");
  const paths = files.sort().map((file) => `/${file.replace(/\.html$/, "").replace(/(^|\/)index$/, "$1")}`);
  return paths.flatMap((path) =>
    [wide, narrow].flatMap((size) => [false, true].map((dark) => [path, { ...size, dark }])),
  );
}

const from = performance.now();
let checks = 0;
try {
  for (const [path, how, use] of process.argv.includes("--all") ? [...every(), ...some] : some) {
    await visit(path, how, use);
    checks++;
  }
} finally {
  await browser.close();
  site.close();
}
for (const failure of failures) console.log(`    | ${failure}`);
console.log(
  `${checks} pages of the site (${((performance.now() - from) / 1000).toFixed(1)} s), ${failures.length} faults`,
);
process.exit(failures.length ? 1 : 0);
