// The page: what the reader asks goes to the model, and what comes back goes to every view.

import { summarize } from "../../src/render/summary.ts";
import { visible } from "../../src/render/text.ts";
import type { Model } from "../../src/runtime/model.ts";
import { type Choice, chooser, chosen } from "./chooser.ts";
import { afterPause, byId, el, isolated, painted } from "./dom.ts";
import { Editor } from "./editor.ts";
import { type Explained, Explainer } from "./explainer.ts";
import type { Inside } from "./inside.ts";
import { save, share } from "./keep.ts";
import { waterfall } from "./ledger.ts";
import { Loading } from "./loading.ts";
import type { LayerMap } from "./map/map.ts";
import { type Origin, open, shipped } from "./model.ts";
import { Panel } from "./panel.ts";
import { question } from "./question.ts";
import { readout } from "./readout.ts";
import { samples } from "./samples.ts";
import { fromFragment, type Settings } from "./settings.ts";
import { speaker } from "./spoken.ts";
import { isDark, theme } from "./theme.ts";
import { type Read, tokenTable } from "./tokens.ts";
import { showVerdict } from "./verdict.ts";

let settings = fromFragment(location.hash);
let model: Model | undefined;
let origin: Origin = shipped;
let reads: Read[] = []; // what is on the screen: one explanation, or two side by side
let map: LayerMap | undefined;
let figures: Inside | undefined;
let pickedToken: number | undefined;

const problem = byId("problem");
const loading = new Loading();
const first = new Panel(byId("heat"), byId("legend"));
const second = new Panel(byId("second-heat"), byId("second-legend"));
const editor = new Editor(first, { typed: follow, picked: pick });
const explainer = new Explainer(show, failed);
const speak = speaker(byId("spoken"));
const layers = byId<HTMLDetailsElement>("layers");
const inside = byId<HTMLDetailsElement>("inside");
const every = byId<HTMLDetailsElement>("every");

// ---- asking

function change(part: Partial<Settings>): void {
  settings = { ...settings, wrong: undefined, ...part };
  const { target, contrast } = settings;
  if (contrast !== undefined && contrast === target) settings.contrast = undefined; // nothing would be left to explain
  if (model) {
    const known = (index = -1) => (model!.labels[index] === undefined ? undefined : index);
    settings = { ...settings, target: known(target), contrast: known(settings.contrast) };
  }
  refill();
  ask();
}

function follow(text: string): void {
  settings = { ...settings, text, wrong: undefined };
  ask();
}

function ask(): void {
  if (!model) return;
  if (settings.wrong !== undefined) {
    clear();
    fail(new Error(settings.wrong));
    return;
  }
  if (settings.text.trim() === "") {
    clear();
    return;
  }
  document.body.dataset.state = "asked";
  void explainer.ask({ model, settings, layers: layers.open });
}

function refill(): void {
  question(settings, model?.labels ?? [], change);
}

// ---- answering

function show({ first: one, second: other, milliseconds }: Explained): void {
  problem.hidden = true;
  reads = [one, other].flatMap((explanation) => (explanation ? [{ explanation, facts: summarize(explanation) }] : []));
  const [{ facts: account }] = reads;
  document.body.classList.toggle("two", reads.length > 1);
  byId("second").hidden = reads.length < 2;
  byId("first-name").textContent = reads.length > 1 ? one.method : "Text";
  byId("second-name").textContent = other?.method ?? "";
  first.show(one, account, editor.text);
  if (other) second.show(other, reads[1].facts);

  showVerdict(byId("classes"), one, account, (target) => change({ target }));
  byId("ledger-of").replaceChildren(`${account.total.name} of `, isolated(visible(account.title)));
  byId("ledgers").replaceChildren(...reads.map(({ explanation, facts }) => waterfall(facts, explanation.method)));
  const warnings = [...new Set(reads.flatMap(({ explanation }) => explanation.warnings))];
  byId("warnings").replaceChildren(...warnings.map((text) => el("li", {}, visible(text))));
  byId("warnings").hidden = !warnings.length;
  const ran = `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms on ${one.backend === "wasm" ? "WASM" : "WebGPU"}`;
  byId("status").replaceChildren(isolated(visible(one.model)), `, ${ran}, ${one.tokens.length} tokens`);

  map?.show(reads[0]);
  if (inside.open) look();
  tables();
  readOut(editor.isActive ? editor.picked : pickedToken);
  speak(reads);
  if (one.text !== settings.text) return; // there is more to come
  document.body.dataset.state = "explained";
  performance.mark("answered");
  void painted().then(() => performance.mark("explained"));
}

/** The newest text from inside; typing may go on meanwhile. */
const look = afterPause(() => {
  if (model && settings.text.trim()) figures?.show(model, settings).catch(failed);
});

function clear(): void {
  explainer.forget();
  reads = [];
  problem.hidden = true;
  document.body.dataset.state = "empty";
  readOut(undefined);
}

function fail(error: unknown): void {
  problem.textContent = error instanceof Error ? error.message : String(error);
  problem.dataset.code = (error as { code?: string })?.code ?? "";
  problem.hidden = false;
  document.body.dataset.state = "failed";
}

/** An explanation failed; what it ran on may be gone. */
function failed(error: unknown): void {
  fail(error);
  if (/^(WorkerCrashed|DeviceLost)$/.test(problem.dataset.code ?? "")) void use({ backend: "auto" });
}

/** The long tables are for reading, not for watching: they follow when typing pauses. */
function tables(): void {
  byId("tokens").ariaBusy = "true";
  fillTables();
}

const fillTables = afterPause(() => {
  if (every.open && reads.length) byId("tokens").replaceChildren(tokenTable(reads));
  map?.fillTable();
  byId("tokens").ariaBusy = "false";
});

function pick(token: number | undefined): void {
  if (token !== pickedToken) readOut(token);
}

/** Reads out a token wherever it is shown. */
function readOut(token: number | undefined): void {
  pickedToken = reads[0]?.explanation.tokens[token ?? -1] && token;
  first.pick(pickedToken);
  second.pick(pickedToken);
  map?.pick(pickedToken);
  const line = byId("readout");
  const hint = byId("hint");
  hint.hidden = pickedToken !== undefined;
  line.replaceChildren(hint, ...(pickedToken === undefined ? [] : readout(reads, pickedToken)));
}

// ---- models

/** Loads a model and shows it once it is there; if it cannot be loaded, the last one stays. */
async function use({ origin: from = origin, backend = model?.backend ?? "auto" }: Choice): Promise<void> {
  const turn = loading.begin(from.name);
  try {
    const next = await open(from, backend, turn.progress);
    if (!turn.end()) {
      void next.dispose(); // overtaken by another choice
      return;
    }
    explainer.forget();
    void model?.dispose();
    const other = origin !== from && { target: undefined, contrast: undefined }; // another model's classes are others
    [model, origin] = [next, from];
    problem.hidden = true;
    change({ ...other, wrong: settings.wrong });
  } catch (error) {
    if (turn.end()) fail(error);
  }
  chosen(origin, model);
}

// ---- the rest of the page

second.follow("");
byId("second-heat").addEventListener("pointermove", ({ clientX, clientY }) => pick(second.tokenAt(clientX, clientY)));
byId("second-heat").addEventListener("pointerleave", () => pick(undefined));

layers.ontoggle = async () => {
  if (!layers.open) return;
  if (!map) {
    const { LayerMap } = await import("./map/map.ts");
    map = await LayerMap.open(byId("map"), { picked: pick, isDark });
  }
  ask();
};
inside.ontoggle = async () => {
  if (!inside.open) return;
  const { Inside } = await import("./inside.ts");
  figures ??= new Inside(byId("figures"));
  if (reads.length) look();
};
every.ontoggle = () => tables();

byId("share").onclick = async () => {
  byId("shared").textContent = await share({ ...settings, text: editor.text });
};
for (const button of document.querySelectorAll<HTMLElement>("[data-save]")) {
  button.onclick = async () => {
    if (!reads.length) return;
    byId("shared").textContent = await save(reads[0].explanation, button.dataset.save as "html");
  };
}

function write(text: string): void {
  editor.text = text;
  change({ text });
}

addEventListener("hashchange", () => {
  settings = fromFragment(location.hash);
  editor.text = settings.text;
  change({ wrong: settings.wrong });
});
samples(byId("samples"), write);
chooser(use, fail);
theme(byId("theme"), () => map?.repaint());
editor.text = settings.text;
refill();
void use({ origin: shipped }).then(() => navigator.serviceWorker?.register("service-worker.js").catch(() => {}));
