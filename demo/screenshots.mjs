// Pictures of the page to look at: light, dark and narrow, in build/screenshots; the README's is demo/page.png.
// `node demo/screenshots.mjs` after `npm run demo`.

import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { serve } from "./serve.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const folder = `${here}../build/screenshots/`;
mkdirSync(folder, { recursive: true });

const long =
  "I expected nothing and was still charmed: a small, warm, funny film that earns its tears. " +
  "The ending drags a little, and some of the jokes fall flat.";
const pictures = {
  page: { height: 900, scale: 1.5, path: `${here}page.png`, word: "superb" },
  light: { open: ["#layers", "#every"] },
  dark: { colorScheme: "dark", fragment: `#other=attn-lrp&text=${encodeURIComponent(long)}` },
  narrow: { width: 360, height: 780, open: ["#layers", "#every"] },
  "narrow-dark": { width: 360, height: 780, colorScheme: "dark", fragment: "#other=gradient-x-input" },
};

const server = await serve(`${here}dist`);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    ...["--no-sandbox", "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan"],
    ...["--use-vulkan=swiftshader", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"],
  ],
});
for (const [name, picture] of Object.entries(pictures)) {
  const { width = 1100, height = 900, colorScheme = "light", scale = 1, fragment = "", word, path } = picture;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme,
    deviceScaleFactor: scale,
    serviceWorkers: "block",
  });
  const page = await context.newPage();
  await page.goto(server.url + fragment);
  await page.waitForSelector("[data-state=explained]", { timeout: 60_000 });
  for (const details of picture.open ?? ["#layers"]) await page.click(`${details} > summary`);
  await page.waitForFunction(() => document.querySelector(".tools")?.textContent.includes("drawn"));
  await page.waitForTimeout(1000);
  if (word) {
    const { x, y } = await page.locator("#heat .token", { hasText: word }).boundingBox();
    await page.mouse.move(x + 20, y + 20);
    await page.waitForTimeout(200);
  }
  await page.screenshot({ path: path ?? `${folder}${name}.png`, fullPage: !path });
  await context.close();
}
await browser.close();
server.close();
