import { type Explanation, load, type Model } from "relprop";
import { chance, cloud, type Point, shapes } from "./shapes.js";
import { View } from "./view.js";

const find = <E extends Element>(selector: string) => document.querySelector<E>(selector)!;
const canvas = find<HTMLCanvasElement>("canvas");
const taking = find<HTMLFormElement>("#taking");
const share = taking.elements.namedItem("share") as HTMLInputElement;
const order = taking.elements.namedItem("order") as HTMLSelectElement;

let points: Point[] = [];
let explanation: Explanation;
let target: string | undefined;
let seed = 1;

const [model, view] = await Promise.all([
  load(new URL("model/", document.baseURI), { backend: "wasm" }),
  View.on(canvas),
]);
void start(model);

async function start(model: Model): Promise<void> {
  const buttons = Object.keys(shapes).map((name) => {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: name, onclick: () => make(name) });
    return button;
  });
  find("#shapes").append(...buttons);
  taking.oninput = () => void show();
  await make("mug");

  async function make(name: string): Promise<void> {
    for (const button of buttons) button.ariaPressed = String(button.textContent === name);
    points = unit(cloud(name, seed++));
    target = undefined;
    share.value = "0";
    await explain();
  }

  async function explain(): Promise<void> {
    document.body.dataset.state = "asked";
    explanation = await model.explain({ points }, { target });
    await show();
  }

  /** What is left of the cloud, and what the model says of that. */
  async function show(): Promise<void> {
    document.body.dataset.state = "asked";
    const gone = taken(Number(share.value) / 100);
    const left = points.flatMap((point, i) => (gone.has(i) ? [] : [{ point, i }]));
    const { classes } = gone.size ? await model.predict({ points: left.map(({ point }) => point) }) : explanation;
    const relevance = explanation.cloud!.relevance!;
    // A few points stand out; a twentieth of them has full colour.
    const sizes = relevance.map(Math.abs).sort((a, b) => a - b);
    const full = sizes[Math.floor(0.95 * sizes.length)] || 1;
    const strengths = left.map(({ i }) => Math.max(-1, Math.min(1, relevance[i] / full)));
    view.show({ points: left.map(({ point }) => point), strengths });

    const name = explanation.target.label;
    find("#classes").replaceChildren(...classes.map(row));
    const percent = (value = 0) => `${(100 * value).toFixed(1)} %`;
    const own = classes[explanation.target.index].probability;
    find("#told").textContent = gone.size
      ? `Without ${gone.size} of ${points.length} points: ${name}, ${percent(own)}.`
      : `${points.length} points: ${name}, ${percent(own)}. Their relevance adds up to ${explanation.ledger.tokens.toFixed(2)} of the logit ${explanation.ledger.logit.toFixed(2)}.`;
    find("#taking output").textContent = `${share.value} %`;
    canvas.ariaLabel = `A cloud of ${left.length} points, coloured by relevance for ${name}`;
    document.body.dataset.state = "explained";
  }

  function row({ label, probability = 0, index }: Explanation["classes"][number]): HTMLLIElement {
    const item = document.createElement("li");
    const button = document.createElement("button");
    const meter = Object.assign(document.createElement("meter"), { value: probability });
    const [name, value] = [label, `${(100 * probability).toFixed(1)} %`].map((textContent) =>
      Object.assign(document.createElement("span"), { textContent }),
    );
    button.ariaPressed = String(index === explanation.target.index);
    button.dataset.class = label;
    button.onclick = () => {
      target = label;
      void explain();
    };
    button.append(name, meter, value);
    item.append(button);
    return item;
  }
}

/** The points that are taken away, by their places. */
function taken(part: number): Set<number> {
  const relevance = explanation.cloud!.relevance!;
  const draw = chance(7);
  const score = { most: (i: number) => -relevance[i], least: (i: number) => relevance[i], random: draw }[order.value]!;
  const ranked = points.map((_, i) => ({ i, score: score(i) })).sort((a, b) => a.score - b.score);
  return new Set(ranked.slice(0, Math.round(part * points.length)).map(({ i }) => i));
}

/** Around the middle, the farthest point at distance 1, as the model will see them. */
function unit(all: Point[]): Point[] {
  const mean = [0, 1, 2].map((axis) => all.reduce((sum, p) => sum + p[axis], 0) / all.length);
  const moved = all.map((p) => p.map((v, axis) => v - mean[axis]) as Point);
  const size = Math.max(...moved.map((p) => Math.hypot(...p)));
  return moved.map((p) => p.map((v) => v / size) as Point);
}
