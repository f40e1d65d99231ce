// Chromium with the page in it, and an eye on what it must not do: console errors, and requests to anybody else.

import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import * as assert from "uvu/assert";
import { buildPage } from "../build.mjs";
import { serve } from "../serve.mjs";

/** SwiftShader in software for both WebGPU and compositing: a WebGPU canvas ends the GPU process without the latter. */
const gpu = [
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
  "--use-vulkan=swiftshader",
  "--use-angle=swiftshader",
  "--enable-unsafe-swiftshader",
  "--ignore-gpu-blocklist",
];
const without = ["--disable-features=WebGPU,WebGPUService", "--disable-gpu"];

export const sizes = await buildPage();
export const server = await serve(new URL("../dist/", import.meta.url).pathname);

const browsers: Promise<Browser>[] = [];
const launch = (args: string[]) => {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  const browser = chromium.launch({ executablePath, args: ["--no-sandbox", "--no-first-run", ...args] });
  browsers.push(browser);
  return browser;
};
let withGpu: Promise<Browser> | undefined;

export async function close(): Promise<void> {
  for (const browser of browsers) await (await browser).close();
  server.close();
}

export interface Visit extends BrowserContextOptions {
  /** The page of texts, or another. */
  at?: string;
  fragment?: string;
  /** A browser without WebGPU. */
  noGpu?: boolean;
  /** Before the page is opened. */
  prepare?(page: Page): Promise<void>;
  /** Console errors that the test itself causes. */
  expected?: RegExp;
  /** Do not wait for the first explanation. */
  early?: boolean;
}

/** Opens the page, waits for its first explanation, runs the test, and checks that the page behaved. */
export async function visit(
  { at = "", fragment = "", noGpu, prepare, expected, early, ...options }: Visit,
  test: (page: Page) => Promise<void>,
) {
  withGpu ??= launch(gpu);
  const browser = await (noGpu ? launch(without) : withGpu);
  const context = await browser.newContext({ serviceWorkers: "block", ...options });
  const page = await context.newPage();
  const wrong: string[] = [];
  // Chromium's own words on a machine without a GPU, and Playwright's on a worker that it blocks.
  const others = noGpu ? /blocked by Playwright|WebGPU Context Provider/ : /blocked by Playwright/;
  page.on("console", (message) => {
    if (message.type() !== "error" && message.type() !== "warning") return;
    const text = `${message.text()} (${message.location().url})`;
    if (!expected?.test(text) && !others.test(text)) wrong.push(text);
  });
  page.on("pageerror", (error) => wrong.push(String(error)));
  context.on("request", (request) => {
    const url = new URL(request.url());
    if (`${url.origin}/` !== server.url && url.protocol !== "blob:") wrong.push(`a request to ${url.href}`);
  });
  try {
    await prepare?.(page);
    await page.goto(server.url + at + fragment);
    if (!early) await explained(page);
    await test(page);
    assert.equal(wrong, [], "no console errors, no foreign requests");
  } finally {
    await context.close();
  }
}

/** Waits until the page shows an explanation of what is asked now. */
export async function explained(page: Page): Promise<void> {
  await page.waitForFunction(() => document.body.dataset.state === "explained", undefined, { timeout: 60_000 });
}

/**
 * Does something that causes a new explanation, and waits for it. It counts the marks that are set together with the state: the
 * mark "explained" is set after the next frame, so the one of an earlier explanation could be taken for the new one.
 */
export async function after(page: Page, act: () => Promise<unknown>): Promise<void> {
  const count = () => page.evaluate(() => performance.getEntriesByName("answered").length);
  const before = await count();
  await act();
  await page.waitForFunction((n) => performance.getEntriesByName("answered").length > n, before, { timeout: 60_000 });
  await explained(page);
}
