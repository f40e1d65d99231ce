// The page of images: what is drawn or dropped goes to the model, and its relevance comes back over it.

import type { Explanation } from "../../src/explain/explanation.ts";
import { summarize } from "../../src/render/summary.ts";
import { visible } from "../../src/render/text.ts";
import type { Model } from "../../src/runtime/model.ts";
import { Board } from "./board.ts";
import { type Choice, chooser, chosen } from "./chooser.ts";
import { byId, el, isolated, painted } from "./dom.ts";
import { save } from "./keep.ts";
import { waterfall } from "./ledger.ts";
import { Loading } from "./loading.ts";
import { type Origin, open } from "./model.ts";
import { speaker } from "./spoken.ts";
import { theme } from "./theme.ts";
import { showVerdict } from "./verdict.ts";

const digits: Origin = { source: "models/digits-tiny/", name: "digits-tiny" };

let model: Model | undefined;
let origin = digits;
let target: number | undefined;
let shown: Explanation | undefined;

const loading = new Loading();
const speak = speaker(byId("spoken"));
const fine = byId<HTMLInputElement>("fine");
const board = new Board(() => void ask());

// ---- asking: one run at a time, and while it lasts only the newest image waits

let busy = false;
let again = false;

async function ask(): Promise<void> {
  if (!model) return;
  document.body.dataset.state = "asked";
  again = busy;
  if (busy) return;
  busy = true;
  do {
    again = false;
    try {
      const began = performance.now();
      const found = await model.explain(board.pixels, { target, pixels: fine.checked });
      await show(found, performance.now() - began);
    } catch (error) {
      if (!again) fail(error);
    }
  } while (again);
  busy = false;
}

async function show(explanation: Explanation, milliseconds: number): Promise<void> {
  shown = explanation;
  byId("problem").hidden = true;
  await board.paint(explanation);
  const account = summarize(explanation);
  showVerdict(byId("classes"), explanation, account, (wanted) => {
    target = wanted;
    void ask();
  });
  byId("ledger-of").replaceChildren(`${account.total.name} of `, isolated(visible(account.title)));
  byId("ledgers").replaceChildren(waterfall(account, explanation.method));
  const { number, scale } = account;
  const ramp = el("i", { ariaHidden: "true" });
  const bar = el("span", { className: "ramp" }, `against ${number(-scale)}`, ramp, `${number(scale, "+")} for`);
  byId("legend").replaceChildren(bar);
  const ran = `${milliseconds.toFixed(0)} ms on ${explanation.backend === "wasm" ? "WASM" : "WebGPU"}`;
  byId("status").replaceChildren(isolated(visible(explanation.model)), `, ${ran}`);
  speak([{ explanation, facts: account }]);
  if (again) return;
  document.body.dataset.state = "explained";
  performance.mark("answered");
  await painted();
  performance.mark("explained");
}

function fail(error: unknown): void {
  const problem = byId("problem");
  problem.textContent = error instanceof Error ? error.message : String(error);
  problem.hidden = false;
  document.body.dataset.state = "failed";
}

// ---- models, and images that are dropped like them

async function use({ origin: from = origin, backend = model?.backend ?? "auto" }: Choice): Promise<void> {
  const [only, ...others] = Array.isArray(from.source) ? (from.source as File[]) : [];
  if (only && !others.length && only.type.startsWith("image/")) return board.show(only).catch(fail);
  const turn = loading.begin(from.name);
  try {
    const next = await open(from, backend, turn.progress);
    if (!turn.end()) return void next.dispose();
    if (next.task !== "image-classification") {
      void next.dispose();
      throw new Error(`${from.name} does ${next.task}: it belongs on the page of texts`);
    }
    void model?.dispose();
    if (origin !== from) target = undefined;
    [model, origin] = [next, from];
    void ask();
  } catch (error) {
    turn.end();
    fail(error);
  }
  chosen(origin, model, digits);
}

// ---- the rest of the page

/** Digits as strokes, in 256 × 256. */
const samples: Record<string, [number, number][]> = {
  seven: [
    [70, 56],
    [180, 56],
    [120, 208],
  ],
  three: [
    [78, 56],
    [170, 62],
    [124, 118],
    [176, 160],
    [132, 206],
    [74, 190],
  ],
  zero: Array.from({ length: 25 }, (_, i) => [
    128 + 56 * Math.sin((Math.PI * i) / 12),
    128 - 84 * Math.cos((Math.PI * i) / 12),
  ]),
};
for (const [name, points] of Object.entries(samples)) {
  const button = el("button", { type: "button", className: "link" }, name);
  button.onclick = () => {
    target = undefined;
    board.clear();
    board.stroke(points);
  };
  byId("samples").append(" ", button);
}

byId("clear").onclick = () => {
  target = undefined;
  board.clear();
};
const file = byId<HTMLInputElement>("file");
byId("choose").onclick = () => file.click();
file.onchange = () => {
  if (file.files?.[0]) board.show(file.files[0]).catch(fail);
  file.value = "";
};
fine.onchange = () => void ask();

for (const button of document.querySelectorAll<HTMLElement>("[data-save]")) {
  button.onclick = async () => {
    if (!shown) return;
    const kept = { picture: await board.file(), pixels: board.pixels };
    byId("shared").textContent = await save(shown, button.dataset.save as "png", kept);
  };
}

chooser((choice) => void use(choice), fail, digits);
theme(byId("theme"), () => {});
board.stroke(samples.seven);
void use({ origin: digits });
