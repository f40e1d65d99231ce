// Calls of a model all at once, some aborted, some with callbacks that throw, the model disposed of and its workers ended in
// the middle of them. Each ends as it should, in time; what was left alone is the same to the bit; nothing stays behind.

import { isDeepStrictEqual } from "node:util";
import * as assert from "uvu/assert";
import { load, type Model, RelpropError } from "../../src/index.ts";
import type { LoadOptions } from "../../src/runtime/options.ts";
import type { Random } from "../corpus/safetensors-mutants.ts";
import { findDevice } from "../support.ts";
import { type Fuzzer, pick } from "./shared/fuzzer.ts";
import { Own } from "./shared/hostile.ts";
import { buffersOf, count, livingMemories, workers } from "./shared/lives.ts";
import { type Call, type Subject, subjects } from "./shared/subjects.ts";

const LATE = 25_000; // milliseconds, on a machine that does other things: a hang is one however long it is waited for

/** Where models run: how they are loaded there, and what can be ended under them. */
interface Place {
  name: string;
  options: LoadOptions;
  /** Ends something; later calls start it again. */
  kill?: () => unknown;
  /** The models that run there, if not all: shaders take seconds to compile. */
  subjects?: readonly Subject[];
}
const here: Place = { name: "here", options: { backend: "wasm" } };
const endOne = () => workers().at(-1)?.terminate();
const places: Place[] = [
  ...Array<Place>(16).fill(here),
  { name: "threads", options: { backend: "wasm", threads: 2 }, kill: endOne },
  { name: "worker", options: { backend: "wasm", worker: true }, kill: endOne },
];

const loading = ({ options }: Place): LoadOptions => ({ ...options, name: "m" });

/** What each call answers when nothing else goes on, by place. */
const right = new Map<Call, Map<string, unknown>>();
const references = new Map<Subject, Model>();
const disposed: Model[] = []; // still held by somebody: their memory must be free all the same
let buffers = () => 0;
let device: GPUDevice | undefined;
let held = 0;

async function expected(place: Place, subject: Subject): Promise<void> {
  if (subject.calls.every((call) => right.get(call)?.has(place.name))) return;
  const model = await load(subject.source, loading(place));
  for (const call of subject.calls) {
    const known = right.get(call) ?? new Map();
    right.set(call, known.set(place.name, await call.run(model, {})));
  }
  await model.dispose();
}

function same(value: unknown, call: Call, place: Place): void {
  const known = right.get(call)!.get(place.name);
  if (isDeepStrictEqual(value, known)) return;
  throw new Error(`${call.run} is otherwise than alone, ${place.name}: ${difference(value, known)}`);
}

/** The first place where two values differ. */
function difference(a: unknown, b: unknown, path = ""): string | undefined {
  if (isDeepStrictEqual(a, b)) return undefined;
  if (typeof a !== "object" || typeof b !== "object" || !a || !b) return `${path} is ${a}, not ${b}`;
  const [x, y] = [a, b] as Record<string, unknown>[];
  for (const name of Object.keys({ ...x, ...y })) {
    const found = difference(x[name], y[name], `${path}.${name}`);
    if (found) return found;
  }
  return `${path} is of another kind`;
}

/** Rejects if it does not settle in time. */
function settled<T>(doing: Promise<T>, what: string): Promise<{ value: T } | { error: unknown }> {
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not settle`)), LATE);
  });
  const outcome = doing.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  return Promise.race([outcome, late]).finally(() => clearTimeout(timer));
}

/** Some microtasks or turns of the event loop from now. */
async function later(random: Random): Promise<void> {
  const turns = random(2);
  for (let n = random(2 ** random(6)); n; n--) {
    await (turns && n % 4 === 0 ? new Promise((resolve) => setTimeout(resolve)) : undefined);
  }
}

/** What may have ended a call. */
interface Story {
  aborted: boolean;
  threw?: Own;
  disposed: boolean;
  killed: boolean;
}

/** Everything that happens to one model. */
class Life {
  readonly model: Model;
  readonly place: Place;
  readonly story = { disposed: false, killed: false };
  kills = 0;
  readonly #random: Random;
  readonly #ends: Promise<unknown>[] = [];
  readonly outcomes: string[] = [];

  constructor(model: Model, place: Place, random: Random) {
    this.model = model;
    this.place = place;
    this.#random = random;
  }

  /** Makes a call, and something that comes in between. */
  call(call: Call): void {
    const random = this.#random;
    const own: Story = { aborted: false, ...this.story };
    const stop = new AbortController();
    const abort = () => {
      own.aborted = true;
      stop.abort("enough");
    };
    const before = random(8) === 0;
    if (before) abort();
    else if (random(3) === 0) later(random).then(abort);
    let left = random(4);
    const act = random(8);
    const onProgress = () => {
      if (left-- !== 0) return;
      if (act === 0) abort();
      if (act === 1) this.dispose();
      if (act === 2) this.#ends.push(settled(call.run(this.model, {}), "a call from a callback"));
      if (act > 3) return;
      own.threw ??= new Own("the caller's own");
      throw own.threw;
    };
    const watching = { signal: stop.signal, ...(call.watched && random(2) && { onProgress }) };
    const doing = settled(call.run(this.model, watching), "a call");
    this.#ends.push(doing.then((outcome) => this.#judge(call, outcome, { ...own, ...this.story }, before)));
  }

  #judge(call: Call, outcome: { value: unknown } | { error: unknown }, story: Story, before: boolean): void {
    if ("value" in outcome) {
      assert.not(before, "a call that was aborted before it began was answered");
      same(outcome.value, call, this.place);
      this.outcomes.push("right");
      return;
    }
    const { error } = outcome;
    if (error === story.threw && story.threw) return;
    if (!(error instanceof RelpropError)) throw error;
    const may = [story.aborted && "Aborted", story.disposed && "Disposed", story.killed && "WorkerCrashed"];
    if (!may.includes(error.code)) throw new Error(`${error.code}, where only ${may} may be`, { cause: error });
    if (error.code === "Aborted") assert.is(error.cause, "enough");
    this.outcomes.push(error.code);
  }

  dispose(): void {
    this.story.disposed = true;
    this.#ends.push(
      settled(this.model.dispose(), "dispose()").then((outcome) => assert.equal(outcome, { value: undefined })),
    );
  }

  kill(): void {
    this.story.killed = true;
    this.kills++;
    this.#ends.push(settled(Promise.resolve(this.place.kill?.()), "ending a worker"));
  }

  async end(): Promise<void> {
    for (let n = 0; n < this.#ends.length; n++) await this.#ends[n];
  }
}

/** A load that is aborted somewhere, or that has a callback that throws. */
async function halfLoaded(source: never, place: Place, random: Random): Promise<void> {
  const stop = new AbortController();
  const threw = new Own("the caller's own");
  let left = random(12);
  const act = random(3);
  const onProgress = () => {
    if (left-- !== 0) return;
    if (act === 0) throw threw;
    stop.abort("enough");
  };
  if (act === 2) later(random).then(() => stop.abort("enough"));
  const doing = load(source, { ...loading(place), signal: stop.signal, ...(act < 2 && { onProgress }) });
  const outcome = await settled(doing, "load()");
  if ("value" in outcome) return outcome.value.dispose();
  if (outcome.error === threw) return;
  if (!(outcome.error instanceof RelpropError)) throw outcome.error;
  if (outcome.error.code !== "Aborted") throw new Error(`${outcome.error.code}`, { cause: outcome.error });
}

export const fuzzer: Fuzzer = {
  async begin() {
    device = await findDevice();
    if (device) {
      buffers = buffersOf(device);
      const gpu: Place = { name: "webgpu", options: { backend: "webgpu", device }, subjects: subjects.slice(0, 1) };
      places.push(gpu);
      await expected(gpu, subjects[0]);
    } else console.log("chaos: NO WebGPU ADAPTER HERE, so its models are not among them");
    count();
    for (const subject of subjects) {
      references.set(subject, await load(subject.source, loading(here)));
      await expected(here, subject);
    }
    held = await livingMemories();
  },

  async one(random) {
    const place = pick(random, places);
    const subject = pick(random, place.subjects ?? subjects);
    await expected(place, subject);
    const source = (place.kill || random(2) ? subject.folder : undefined) ?? subject.source;
    if (random(5) === 0) {
      await halfLoaded(source as never, place, random);
      await gone(place);
      return { bytes: 2 ** 24, what: "half loaded" };
    }
    const life = new Life(await load(source, loading(place)), place, random);
    for (let n = 1 + random(8); n; n--) {
      life.call(pick(random, subject.calls));
      if (random(3) === 0) await later(random);
      if (random(12) === 0) life.dispose();
      if (random(4) === 0 && place.kill && subject.folder) life.kill();
    }
    await life.end();
    // What is left of it answers as before, and what else there is.
    const call = pick(random, subject.calls);
    // What was ended is started again, but not more than three times a minute.
    if (life.kills <= 3) life.story.killed = false;
    if (!life.story.disposed) life.call(call);
    same(await call.run(references.get(subject)!, {}), call, here);
    life.dispose();
    life.dispose();
    life.call(pick(random, subject.calls));
    await life.end();
    disposed.push(life.model);
    if (disposed.length > 20) disposed.shift();
    await gone(place);
    const what = `${place.name}: ${[...new Set(life.outcomes)].sort().join("+")}`;
    return { bytes: 2 ** 24, what };
  },

  async end() {
    const now = await livingMemories();
    assert.ok(now <= held + 1, `${now} memories are held after it, ${held} before`);
    for (const model of references.values()) await model.dispose();
    device?.destroy();
  },
};

/** Throws unless a place's workers end, and its buffers are destroyed. */
async function gone({ name }: Place): Promise<void> {
  const left = async () => {
    while (workers().length || buffers()) await new Promise((resolve) => setTimeout(resolve, 2));
  };
  await settled(left(), `${name}: the end of ${workers().length} workers and ${buffers()} buffers`);
}
