// The page as its readers use it, in Chromium: typing, choosing, looking, keeping; by mouse, by keyboard, by ear.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Explanation } from "../../src/explain/explanation.ts";
import { dark, hex, light, rgb } from "../../src/render/color.ts";
import { summarize } from "../../src/render/summary.ts";
import { policy } from "../serve.mjs";
import { violations } from "./axe.ts";
import { after, close, explained, sizes, visit } from "./browser.ts";

const root = new URL("../../", import.meta.url).pathname;
const tiny = `${root}test/reference/tiny/`;
const sentence = "A gorgeous, witty, seductive movie, and yet it bored me.";

const test = suite("page");
test.after(close);

/** The same text through the command line, on WASM. */
function cli(text: string, ...options: string[]): Explanation {
  const args = ["dist/cli.js", "explain", text, "--backend", "wasm", "--json", ...options];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: root, encoding: "utf8" }));
}

const type = (page: Page, text: string) => after(page, () => page.fill("#text", text));

/** The heatmap's words that stand for tokens. */
const words = (page: Page, heat = "#heat") => page.locator(`${heat} .token`).allTextContents();

/** The table's numbers, column by column of its methods. */
async function numbers(page: Page): Promise<number[]> {
  if ((await page.locator("#every").getAttribute("open")) === null) await page.click("#every > summary");
  await page.waitForSelector("#tokens[aria-busy=false] table");
  const cells = await page.locator("#tokens tbody .number").allTextContents();
  return cells.map((cell) => Number(cell.replace("−", "-").replace("+", "")));
}

/** As the page writes them: within a unit of the last digit. */
function same(shown: number[], explanation: Explanation, what: string): void {
  const { number } = summarize(explanation);
  const expected = explanation.tokens.map(({ relevance }) => Number(number(relevance).replace("−", "-")));
  const unit = 10 ** -(number(explanation.ledger.logit).split(".")[1]?.length ?? 0);
  assert.is(shown.length, expected.length, what);
  shown.forEach((value, i) => {
    assert.ok(Math.abs(value - expected[i]) <= 1.01 * unit, `${what}: token ${i} is ${value}, not ${expected[i]}`);
  });
}

test("the page's palette is the renderers'", () => {
  const css = readFileSync(`${root}demo/style.css`, "utf8");
  const pair = (name: string, at: number) => {
    assert.ok(css.includes(`--${name}: light-dark(${hex(at, light)}, ${hex(at, dark)})`), name);
  };
  pair("paper", 0);
  pair("for", 1);
  pair("against", -1);
  pair("half-for", 0.5);
  pair("half-against", -0.5);
  assert.ok(readFileSync(`${root}demo/index.html`, "utf8").includes(`content="${policy}"`), "one policy");
  assert.not.match(policy, /unsafe-inline|unsafe-eval(?<!wasm-unsafe-eval)/);
});

test("what the page's engine loads", () => {
  console.log(`gzipped: engine ${sizes.engine} B, the page's own ${sizes.page} B, fonts ${sizes.fonts} B`);
  assert.ok(sizes.engine <= 56_000, `the engine is ${sizes.engine} bytes`);
});

test("a sentence is typed; its heatmap, numbers and ledger are the command line's", () =>
  visit({}, async (page) => {
    await page.fill("#text", "");
    await page.locator("#text").pressSequentially(sentence, { delay: 5 });
    await explained(page);
    const expected = cli(sentence);
    assert.equal(
      await words(page),
      expected.tokens.filter(({ start }) => start !== null).map(({ start, end }) => sentence.slice(start!, end!)),
    );
    assert.is(await page.locator("#heat").evaluate((p) => p.textContent?.replace("\u200b", "")), sentence);
    same(await numbers(page), expected, "the first method");
    assert.is(await page.locator("#classes [aria-pressed=true] .label").innerText(), expected.target.label);
    const logit = await page.locator("#ledgers tfoot .number").innerText();
    assert.ok(Math.abs(Number(logit.replace("−", "-")) - expected.ledger.logit) < 2e-3, logit);
    assert.match(await page.innerText("#status"), /^sst2-tiny, [\d.]+ ms on WASM, \d+ tokens$/);
  }));

test("class, contrast, method, reading point", () =>
  visit({}, async (page) => {
    await type(page, sentence);
    const { target } = cli(sentence);
    const other = 1 - target.index;
    await after(page, () => page.click(`#classes [data-index="${other}"]`));
    same(await numbers(page), cli(sentence, "--target", String(other)), "the other class");
    assert.is(await page.inputValue("#target"), String(other));
    await after(page, () => page.selectOption("#contrast", String(target.index)));
    const contrast = cli(sentence, "--target", String(other), "--contrast", String(target.index));
    same(await numbers(page), contrast, "a contrast");
    await after(page, () => page.selectOption("#method", "gradient-x-input"));
    await after(page, () => page.selectOption("#contrast", ""));
    await after(page, () => page.selectOption("#at", "words"));
    const options = ["--target", String(other), "--method", "gradient-x-input", "--at", "words"];
    same(await numbers(page), cli(sentence, ...options), "another method, read at words");
    await after(page, () => page.selectOption("#at", "embedding-sum"));
    assert.match(await page.innerText("#warnings"), /annihilates/);
  }));

test("both backends say the same", () =>
  visit({}, async (page) => {
    await type(page, sentence);
    const onWasm = await numbers(page);
    await after(page, () => page.check("[value=webgpu]"));
    assert.match(await page.innerText("#status"), /on WebGPU/);
    assert.ok(await page.isChecked("[value=webgpu]"));
    same(await numbers(page), cli(sentence), "WebGPU");
    await after(page, () => page.check("[value=wasm]"));
    assert.match(await page.innerText("#status"), /on WASM/);
    assert.equal(await numbers(page), onWasm);
  }));

test("two methods beside each other", () =>
  visit({}, async (page) => {
    await type(page, sentence);
    await after(page, () => page.selectOption("#other", "attn-lrp"));
    assert.is(await page.innerText("#first-name"), "cp-lrp");
    assert.is(await page.innerText("#second-name"), "attn-lrp");
    assert.equal(await words(page, "#second-heat"), await words(page));
    assert.is(await page.locator("#ledgers table").count(), 2);
    const both = await numbers(page);
    same(
      both.filter((_, i) => i % 2 === 0),
      cli(sentence),
      "the first",
    );
    same(
      both.filter((_, i) => i % 2 === 1),
      cli(sentence, "--method", "attn-lrp"),
      "the second",
    );
    const colours = (heat: string) =>
      page.locator(`${heat} .token`).evaluateAll((all) => all.map((one) => getComputedStyle(one).backgroundColor));
    assert.not.equal(await colours("#heat"), await colours("#second-heat"));
    await page.hover("#second-heat .token:nth-of-type(3)");
    assert.match(await page.innerText("#readout"), /gorgeous [+−][\d.]+ by cp-lrp · [+−][\d.]+ by attn-lrp/);
    assert.is(await page.innerText("#heat .picked"), "gorgeous");
    await after(page, () => page.selectOption("#other", ""));
    assert.is(await page.isVisible("#second"), false);
  }));

test("a word's number under the pointer", () =>
  visit({}, async (page) => {
    await type(page, "A gorgeous movie.");
    await page.locator("#text").blur(); // else the caret picks a word
    const box = await page.locator("#heat .token", { hasText: "gorgeous" }).boundingBox();
    await page.mouse.move(box!.x + box!.width / 2, box!.y + box!.height / 2);
    const { tokens, target } = cli("A gorgeous movie.");
    const { number } = summarize(cli("A gorgeous movie."));
    const relevance = tokens.find(({ text }) => text === "gorgeous")!.relevance;
    assert.is(await page.innerText("#readout"), `gorgeous ${number(relevance, "+")} for ${target.label}`);
    await page.mouse.move(0, 0);
    assert.ok(await page.isVisible("#hint"));
  }));

test("a word's number by the keyboard alone, and the way there", () =>
  visit({ fragment: "#text=Unflinchingly+bleak+and+desperate." }, async (page) => {
    for (let i = 0; i < 12; i++) {
      await page.keyboard.press("Tab");
      if (await page.evaluate(() => document.activeElement?.id === "text")) break;
    }
    assert.is(await page.evaluate(() => document.activeElement?.id), "text");
    await page.keyboard.press("Control+Home");
    // The caret may have been at another word before.
    await page.waitForFunction(() => document.querySelector("#readout q")?.textContent === "Unflinchingly");
    assert.match(
      await page.innerText("#readout"),
      /^Unflinchingly −[\d.]+ against negative = unflinching −[\d.]+, ##ly [+−][\d.]+$/,
    );
    await page.keyboard.press("Control+ArrowRight");
    await page.keyboard.press("ArrowRight");
    await page.waitForFunction(() => document.querySelector("#readout q")?.textContent === "bleak");
    assert.is(await page.innerText("#heat .picked"), "bleak");
    // A character of several code points is one word to the caret.
    await type(page, "good 👏🏽");
    await page.keyboard.press("Control+End");
    await page.waitForFunction(() => document.querySelector("#readout q")?.textContent === "👏🏽");
  }));

for (const noGpu of [false, true]) {
  const by = noGpu ? "Canvas 2D" : "WebGPU";
  test(`the layer map, drawn with ${by}: zoom, pan, keys, its table`, () =>
    visit({ noGpu }, async (page) => {
      await type(page, sentence);
      await after(page, () => page.click("#layers > summary"));
      await page.waitForFunction(
        (by) => document.querySelector(".tools")?.textContent?.includes(`drawn with ${by}`),
        by,
      );
      const explanation = await saved(page);
      const layers = explanation.layers!;
      assert.is(layers.length, 4);
      const strongest = explanation.tokens.reduce(
        (best, { relevance, special }, i, all) =>
          !special && Math.abs(relevance) > Math.abs(all[best].relevance) ? i : best,
        1,
      );

      const plot = page.locator(".plot");
      await plot.scrollIntoViewIfNeeded();
      const cells = await page.locator(".plot .cells").boundingBox();
      const at = (column: number, row: number) => ({
        x: cells!.x + ((column + 0.5) * cells!.width) / explanation.tokens.length,
        y: cells!.y + ((row + 0.5) * cells!.height) / layers.length,
      });
      // The colour on the screen is the palette's for the cell's strength.
      const bottom = at(strongest, 3);
      const sign = Math.sign(explanation.tokens[strongest].relevance);
      assert.equal(await pixel(page, bottom.x, bottom.y), rgb(sign, light), `drawn with ${by}`);

      await page.mouse.move(bottom.x, bottom.y);
      const { number } = summarize(explanation);
      const { text, relevance } = explanation.tokens[strongest];
      assert.is(await page.innerText(".cell"), `${text} ${number(relevance, "+")} into block 0`);

      await page.keyboard.down("Control");
      await page.mouse.wheel(0, -600);
      await page.keyboard.up("Control");
      await page.waitForFunction(() => /\d\.\d×/.test(document.querySelector(".tools")!.textContent!));
      await page.waitForTimeout(50);
      assert.match(await page.innerText(".cell"), text, "what lies under the pointer stays there");
      await page.mouse.down();
      await page.mouse.move(bottom.x - 60, bottom.y, { steps: 4 });
      await page.mouse.up();
      await page.mouse.move(bottom.x, bottom.y);
      assert.not.match(await page.innerText(".cell"), `${text} `, "the map was dragged");
      await page.click("text=Fit");
      await page.waitForFunction(() => !document.querySelector(".tools")!.textContent!.includes("×"));

      await plot.focus();
      await page.keyboard.press("Home");
      await page.keyboard.press("ArrowRight");
      await page.keyboard.press("ArrowUp");
      assert.is(await page.innerText(".cell"), `a ${number(layers[1].relevance[1], "+")} into block 1`);
      await page.keyboard.press("+");
      await page.waitForFunction(() => document.querySelector(".tools")!.textContent!.includes("1.5×"));
      await page.keyboard.press("0");

      await page.click("text=The same as a table");
      await page.waitForSelector("#map tbody tr"); // details tell that they are open a task later
      const rows = await page.locator("#map tbody tr").count();
      assert.is(rows, explanation.tokens.length);
      const sums = await page.locator("#map tfoot .number").allTextContents();
      assert.equal(
        sums,
        layers.map(({ ledger }) => number(ledger.tokens, "+")),
      );
    }));
}

test("pinching on a touch screen zooms the map", () =>
  visit({ hasTouch: true, viewport: { width: 412, height: 800 } }, async (page) => {
    await after(page, () => page.click("#layers > summary"));
    await page.waitForFunction(() => document.querySelector(".tools")?.textContent?.includes("drawn"));
    await page.locator(".plot").scrollIntoViewIfNeeded();
    const { x, y, width } = (await page.locator(".plot .cells").boundingBox())!;
    const client = await page.context().newCDPSession(page);
    const touch = (type: string, ...xs: number[]) =>
      client.send("Input.dispatchTouchEvent", {
        type: type as "touchStart",
        touchPoints: xs.map((at, id) => ({ x: x + at * width, y: y + 40, id })),
      });
    await touch("touchStart", 0.4, 0.6);
    for (let i = 1; i <= 6; i++) await touch("touchMove", 0.4 - 0.04 * i, 0.6 + 0.04 * i);
    await touch("touchEnd");
    await page.waitForFunction(() => /[23]\.\d×/.test(document.querySelector(".tools")!.textContent!));
  }));

/** The explanation on the page, as it saves it. */
async function saved(page: Page): Promise<Explanation> {
  const { text } = await save(page, "json");
  return JSON.parse(text);
}

async function save(page: Page, kind: string): Promise<{ name: string; text: string }> {
  const [download] = await Promise.all([page.waitForEvent("download"), page.click(`[data-save=${kind}]`)]);
  return { name: download.suggestedFilename(), text: readFileSync((await download.path())!, "utf8") };
}

/** A pixel of the screen. */
async function pixel(page: Page, x: number, y: number): Promise<number[]> {
  const png = await page.screenshot({ clip: { x: Math.round(x), y: Math.round(y), width: 1, height: 1 } });
  const reader = await page.context().newPage();
  try {
    return await reader.evaluate(
      async (bytes) => {
        const image = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
        const context = new OffscreenCanvas(1, 1).getContext("2d")!;
        context.drawImage(image, 0, 0);
        return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
      },
      [...png],
    );
  } finally {
    await reader.close();
  }
}

test("inside the model: small multiples of the text on the screen, and of the next one", () =>
  visit({}, async (page) => {
    await type(page, sentence);
    await page.click("#inside > summary");
    await page.waitForSelector("#figures svg polyline");
    const label = () => page.locator("#figures svg").getAttribute("aria-label");
    assert.is(await label(), `sst2-tiny: ${sentence}`);
    // Cosine and residual ratio, two ranks, size, four heads' entropy, three gradients, three blocks' variance.
    assert.is(await page.locator("#figures polyline").count(), 2 + 2 + 1 + 4 + 3 + 3);
    await type(page, "not bad");
    await page.waitForFunction(() => document.querySelector("#figures svg")?.ariaLabel === "sst2-tiny: not bad");
    const wide = await page
      .locator("#figures")
      .evaluate((box) => [box.scrollWidth, document.body.scrollWidth, innerWidth]);
    assert.ok(wide[1] <= wide[2], `the page does not scroll sideways: ${wide}`);
  }));

test("words of the page have the glossary's sentences as tooltips and link to it", () =>
  visit({}, async (page) => {
    assert.match((await page.locator("label:has(#contrast)").getAttribute("title")) ?? "", /^A second class/);
    const links = await page
      .locator("a.term")
      .evaluateAll((all) =>
        (all as HTMLAnchorElement[]).map(({ textContent, title, hash }) => [textContent, title, hash]),
      );
    const words = links.map(([word]) => word);
    for (const word of ["tokens", "residual", "logit", "ledger"]) assert.ok(words.includes(word), `${words}`);
    await page.click("a.term:text-is('ledger')");
    for (const [, title, hash] of links) {
      const meaning = await page.locator(`${hash} + dd`).textContent();
      assert.ok(title && meaning?.startsWith(title), `${hash}: ${title}`);
    }
    assert.equal(await violations(page), []);
  }));

test("files and links to keep", () =>
  visit({ permissions: ["clipboard-read", "clipboard-write"] }, async (page) => {
    await type(page, "<b>Bad</b> & boring");
    await after(page, () => page.selectOption("#method", "attn-lrp"));
    const json = await save(page, "json");
    assert.is(json.name, "b-bad-b-boring.attn-lrp.json");
    const explanation: Explanation = JSON.parse(json.text);
    const expected = cli("<b>Bad</b> & boring", "--method", "attn-lrp");
    assert.is(explanation.text, expected.text);
    assert.is(explanation.method, "attn-lrp");
    assert.ok(Math.abs(explanation.ledger.logit - expected.ledger.logit) < 1e-4);
    const html = await save(page, "html");
    assert.match(html.text, "&#60;");
    assert.not.match(html.text, /<b>Bad/);
    assert.match(html.text, "attn-lrp");
    const svg = await save(page, "svg");
    assert.match(svg.text, /^<svg /);
    const parsed = await page.evaluate(
      (text) => new DOMParser().parseFromString(text, "image/svg+xml").querySelector("parsererror") === null,
      svg.text,
    );
    assert.ok(parsed);

    await page.click("#share");
    await page.waitForFunction(() => document.querySelector("#shared")!.textContent!.includes("copied"));
    const link = await page.evaluate(() => navigator.clipboard.readText());
    assert.is(link, page.url());
    const again = await page.context().newPage();
    await again.goto(link);
    await explained(again);
    assert.is(await again.inputValue("#text"), "<b>Bad</b> & boring");
    assert.is(await again.inputValue("#method"), "attn-lrp");
    // A link that is pasted into an open page asks anew; a class that this model lacks is the top one.
    await after(again, () =>
      again.evaluate(() => {
        location.hash = "#text=fine&target=99";
      }),
    );
    assert.is(await again.inputValue("#text"), "fine");
    assert.is(await again.inputValue("#method"), "cp-lrp");
    assert.is(await again.inputValue("#target"), "");
  }));

test("text from a stranger stays text", () =>
  visit(
    { fragment: `#text=${encodeURIComponent(`<img src=x onerror="document.title='owned'"> nice`)}` },
    async (page) => {
      assert.is(await page.locator("img").count(), 0);
      assert.match(await page.locator("#heat").innerText(), "<img src=x");
      assert.not.match(await page.title(), "owned");
    },
  ));

test("a folder is dropped on the page, another one picked, and the shipped model taken back", () =>
  visit({}, async (page) => {
    await type(page, "one two three");
    await after(page, () => drop(page, `${tiny}gelu-new-3-labels`));
    assert.match(await page.innerText("#status"), /^gelu-new-3-labels, /);
    assert.is(await page.locator("#classes button").count(), 3);
    const expected = cli("one two three", "--model", `${tiny}gelu-new-3-labels`);
    same(await numbers(page), expected, "the dropped model");
    assert.is(await page.locator("#target option").count(), 4);

    await after(page, async () => page.setInputFiles("#folder", `${tiny}silu-5-labels`));
    assert.match(await page.innerText("#status"), /^silu-5-labels, /);
    assert.is(await page.locator("#classes button").count(), 5);

    await after(page, () => page.click("#shipped"));
    assert.match(await page.innerText("#status"), /^sst2-tiny, /);
    assert.ok(await page.isHidden("#shipped"));
  }));

/** Drops a folder of this machine on the page, as a hand would. */
async function drop(page: Page, folder: string): Promise<void> {
  const client = await page.context().newCDPSession(page);
  const data = { items: [], files: [folder], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const) {
    await client.send("Input.dispatchDragEvent", { type, x: 200, y: 200, data });
  }
}

const problem = async (page: Page) => {
  await page.waitForSelector("#problem:not([hidden])");
  return page.innerText("#problem");
};

test("a wrong folder leaves the model and says what is missing", () =>
  visit({}, async (page) => {
    await drop(page, `${root}demo/src`);
    assert.match(await problem(page), /no config\.json/);
    assert.is(await page.isVisible("#loading"), false);
    await type(page, "still here");
    assert.ok(await page.isHidden("#problem"));
    assert.match(await page.innerText("#status"), /^sst2-tiny/);
    await page.setInputFiles("#folder", `${root}test/corpus`);
    assert.match(await problem(page), /no config\.json/);
  }));

test("an HTML page instead of weights, a missing model, a lost connection", async () => {
  const meet =
    (answer: (path: string) => Parameters<import("playwright-core").Route["fulfill"]>[0] | "abort" | undefined) =>
    async (page: Page) => {
      await page.context().route("**/models/**", (route) => {
        const it = answer(new URL(route.request().url()).pathname);
        return it === "abort" ? route.abort() : it ? route.fulfill(it) : route.continue();
      });
    };
  const expected = /Failed to load resource|preload/;
  const page404 = meet((path) => (path.endsWith("config.json") ? { status: 404, body: "no" } : undefined));
  await visit({ early: true, prepare: page404, expected }, async (page) => {
    assert.match(await problem(page), /the model has no config\.json/);
  });
  const html = { status: 200, contentType: "text/html", body: "<!doctype html><p>Sign in</p>" };
  const login = meet((path) => (path.endsWith(".safetensors") ? html : undefined));
  await visit({ early: true, prepare: login, expected }, async (page) => {
    assert.match(await problem(page), /HTML page/);
  });
  await visit({ early: true, prepare: meet(() => "abort"), expected }, async (page) => {
    assert.match(await problem(page), /could not be fetched|could not be read/);
  });
});

test("no WebGPU: the page says so and stays on WASM", () =>
  visit({ noGpu: true }, async (page) => {
    await page.locator("[value=webgpu]").click();
    assert.match(await problem(page), /no WebGPU|no GPU/);
    assert.ok(await page.isChecked("[value=wasm]"));
    await type(page, "still here");
    assert.match(await page.innerText("#status"), /on WASM/);
  }));

test("a worker that crashes is started anew", () =>
  visit({}, async (page) => {
    const [worker] = page.workers();
    await worker.evaluate(() => {
      setTimeout(() => {
        throw new Error("a crash");
      });
    });
    await page.waitForTimeout(100);
    await type(page, "still here");
    assert.is(page.workers().length, 1);
    assert.is.not(page.workers()[0], worker);
    assert.ok(await page.isHidden("#problem"));
  }));

test("a link that asks for what there is not is refused, until the reader asks for something else", () =>
  visit({ fragment: "#text=A+good+film.&method=nonsense", early: true }, async (page) => {
    await page.waitForSelector("[data-state=failed]");
    assert.match(await page.innerText("#problem"), /^This link's method is "nonsense"; the methods are cp-lrp, /);
    assert.is(await page.locator("#ledgers table").count(), 0);
    await type(page, "A good film indeed.");
    assert.ok(await page.isHidden("#problem"));
    await page.evaluate(() => {
      location.hash = "#text=A+good+film.&at=logits";
    });
    await page.waitForFunction(() => /at is "logits"/.test(document.querySelector("#problem")!.textContent!));
  }));

test("a text that is deleted while it is explained stays deleted", () =>
  visit({}, async (page) => {
    const ledger = () => page.evaluate(() => document.querySelector("#ledgers")!.textContent);
    const before = await ledger();
    await page.evaluate(() => {
      const field = document.querySelector<HTMLTextAreaElement>("#text")!;
      for (const text of ["so much to say ".repeat(20), ""]) {
        field.value = text;
        field.dispatchEvent(new Event("input"));
      }
    });
    await page.waitForSelector("[data-state=empty]");
    await page.waitForTimeout(1500);
    assert.is(await page.getAttribute("body", "data-state"), "empty");
    assert.is(await ledger(), before);
  }));

test("an empty text, one that is too long, and a broken-off one", () =>
  visit({}, async (page) => {
    await page.fill("#text", "   ");
    await page.waitForSelector("[data-state=empty]");
    assert.is(await page.isVisible("#readout"), false);
    await type(page, "so much to say ".repeat(80));
    assert.match(await page.innerText("#warnings"), /truncated|cut|128/);
  }));

test("dark follows the system, can be switched, and the choice is kept", () =>
  visit({ colorScheme: "dark" }, async (page) => {
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const css = (at: number, palette: typeof light) => `rgb(${rgb(at, palette).join(", ")})`;
    assert.is(await paper(), css(0, dark));
    await page.click("#theme");
    assert.is(await paper(), css(0, light));
    await page.reload();
    await explained(page);
    assert.is(await paper(), css(0, light));
    await page.click("#theme");
    assert.is(await paper(), css(0, dark));
    await page.emulateMedia({ colorScheme: "light" });
    assert.is(await paper(), css(0, light), "back at the system's choice, it follows");
  }));

for (const colorScheme of ["light", "dark"] as const) {
  test(`axe finds nothing serious, ${colorScheme}`, () =>
    visit({ colorScheme, fragment: "#other=attn-lrp" }, async (page) => {
      await after(page, () => page.click("#layers > summary"));
      await page.click("#every > summary");
      await page.click("text=The same as a table");
      await page.waitForTimeout(500); // colours have settled
      assert.equal(await violations(page), []);
    }));
}

test("a screen reader hears one sentence when typing has paused", () =>
  visit({}, async (page) => {
    await page.waitForFunction(() => document.querySelector("#spoken")!.textContent);
    await page.evaluate(() => {
      (globalThis as unknown as { said: string[] }).said = [];
      const spoken = document.querySelector("#spoken")!;
      new MutationObserver(() => (globalThis as unknown as { said: string[] }).said.push(spoken.textContent!)).observe(
        spoken,
        { childList: true, subtree: true },
      );
    });
    await page.fill("#text", "");
    await page.locator("#text").pressSequentially("A gorgeous movie.", { delay: 30 });
    await page.waitForFunction(() => (globalThis as unknown as { said: string[] }).said.length);
    await page.waitForTimeout(300);
    const said = await page.evaluate(() => (globalThis as unknown as { said: string[] }).said);
    assert.is(said.length, 1);
    assert.match(said[0], /^positive, [\d.]+ %\. Strongest by cp-lrp: gorgeous \+[\d.]+, /);
  }));

test("nothing overflows at 360 pixels", () =>
  visit({ viewport: { width: 360, height: 740 }, fragment: "#other=attn-lrp" }, async (page) => {
    await after(page, () => page.click("#layers > summary"));
    await page.click("#every > summary");
    await page.click("text=The same as a table");
    await type(page, `${sentence} ${"unbreakable".repeat(12)}`);
    const wide = await page.evaluate(() => {
      const inside = (e: Element | null): boolean => !!e && (e.classList.contains("scroll") || inside(e.parentElement));
      const over = [...document.body.querySelectorAll("*")].filter(
        (e) => e.getBoundingClientRect().right > innerWidth + 0.5 && !inside(e) && !e.closest(".unseen"),
      );
      return [document.documentElement.scrollWidth, ...over.map((e) => `${e.tagName} ${e.id} ${e.className}`)];
    });
    assert.equal(wide, [360]);
  }));

test("the field and the heatmap under it break lines alike", () =>
  visit({ viewport: { width: 700, height: 700 } }, async (page) => {
    const text =
      "Lines\n\nbreak   where they must,\tand (sometimes) in-between words: internationalisation's finest hour.\n";
    await type(page, text);
    const [field, heat] = await page.evaluate(() => {
      const field = document.querySelector<HTMLTextAreaElement>("#text")!;
      return [field.scrollHeight, document.querySelector("#heat")!.getBoundingClientRect().height];
    });
    assert.ok(Math.abs(field - heat) <= 1, `${field} and ${heat} pixels`);
  }));

test("typing a text of 100 words leaves the main thread free", () =>
  visit({}, async (page) => {
    await after(page, () => page.click("#layers > summary"));
    await page.click("#every > summary");
    const words = "the film is a quiet and funny story of two old friends who meet again after many years".split(" ");
    const text = Array.from({ length: 100 }, (_, i) => words[i % words.length]).join(" ");
    await page.fill("#text", "");
    await page.waitForTimeout(300);
    const tasks = await mainThread(page, async () => {
      await page.locator("#text").pressSequentially(text, { delay: 20, timeout: 120_000 });
      await explained(page);
      await page.waitForTimeout(500); // the table follows after a pause
    });
    // A task counts by the time it computed: on a busy machine the clock goes on while others do.
    const long = (times: number[]) => times.filter((time) => time > 50).map(Math.round);
    console.log(
      `typing 100 words, map and table open: ${tasks.length} tasks, over 50 ms ${long(tasks.map(({ cpu }) => cpu)).length}` +
        ` (by the clock ${long(tasks.map(({ wall }) => wall)).length}); longest ${Math.max(...tasks.map(({ cpu }) => cpu)).toFixed(0)} ms`,
    );
    assert.ok(tasks.length > 500, "tasks were seen");
    assert.equal(long(tasks.map(({ cpu }) => cpu)), []);
  }));

/** The tasks of the page's main thread while something happens, in milliseconds. */
async function mainThread(page: Page, work: () => Promise<void>): Promise<{ wall: number; cpu: number }[]> {
  const browser = page.context().browser()!;
  await browser.startTracing(page, { categories: ["toplevel", "devtools.timeline"] });
  await work();
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
  const main = traceEvents.filter(({ name, args }) => name === "thread_name" && args?.name === "CrRendererMain");
  // The page's own renderer is the one that works.
  const of = main.map(({ pid, tid }) =>
    traceEvents.filter((event) => event.pid === pid && event.tid === tid && event.name.endsWith("RunTask")),
  );
  const [tasks] = of.sort((a, b) => b.length - a.length);
  return tasks.map(({ dur = 0, tdur = 0 }) => ({ wall: dur / 1000, cpu: tdur / 1000 }));
}

interface TraceEvent {
  name: string;
  pid: number;
  tid: number;
  dur?: number;
  tdur?: number;
  args?: { name?: string };
}

test("works offline", () =>
  visit({ serviceWorkers: "allow" }, async (page) => {
    await page.evaluate(async () => {
      await navigator.serviceWorker.ready;
      for (let i = 0; i < 100 && !(await caches.keys()).length; i++) await new Promise((r) => setTimeout(r, 50));
    });
    await page.reload();
    await explained(page);
    await page.context().setOffline(true);
    await page.reload();
    await explained(page);
    await type(page, "No network, still explained.");
    assert.match(await page.innerText("#status"), /sst2-tiny/);
  }));

test("images: a digit is drawn, given and kept", () =>
  visit({ at: "images.html", acceptDownloads: true }, async (page) => {
    const top = () => page.locator("#classes [aria-pressed=true] .label").innerText();
    assert.is(await top(), "7", "the one that is there at first");
    const heat = () =>
      page.evaluate(() => {
        const canvas = document.querySelector<HTMLCanvasElement>("#over")!;
        const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
        return data.filter((_, i) => i % 4 === 3).reduce((sum, alpha) => sum + alpha, 0);
      });
    assert.ok((await heat()) > 0, "relevance lies over it");
    await after(page, () => page.getByRole("button", { name: "zero" }).click());
    assert.is(await top(), "0");

    await after(page, () => page.click("#clear"));
    const box = (await page.locator("#picture").boundingBox())!;
    const at = (x: number, y: number) => [box.x + x * box.width, box.y + y * box.height] as const;
    await page.mouse.move(...at(0.5, 0.15));
    await page.mouse.down();
    await after(page, () => page.mouse.move(...at(0.5, 0.85), { steps: 6 }));
    await page.mouse.up();
    assert.is(await top(), "1", "one that is drawn");
    const ledger = await page.locator("#ledgers .number").allTextContents();
    assert.ok(ledger.length > 3);

    await after(page, () => page.locator("#classes button").nth(1).click());
    assert.not(
      await page
        .locator("#classes button")
        .first()
        .getAttribute("aria-pressed")
        .then((v) => v === "true"),
    );
    for (const [kind, begin] of [
      ["png", "\x89PNG"],
      ["svg", "<svg"],
      ["html", "<!doctype"],
      ["json", "{"],
    ]) {
      const [file] = await Promise.all([page.waitForEvent("download"), page.click(`[data-save=${kind}]`)]);
      assert.ok(readFileSync((await file.path())!, "latin1").startsWith(begin), kind);
    }
    const given = readFileSync(`${root}demo/page.png`);
    await after(page, () => page.setInputFiles("#file", { name: "a.png", mimeType: "image/png", buffer: given }));
    assert.ok((await page.locator("#picture").evaluate((canvas: HTMLCanvasElement) => canvas.width)) > 256);
    assert.equal(await violations(page), []);
    assert.ok(readFileSync(`${root}demo/images.html`, "utf8").includes(`content="${policy}"`), "one policy");
  }));

test.run();
