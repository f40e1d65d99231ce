// Everything outside that can fail, failing once: the k-th request for memory, file operation, piece of a download, entry of a
// cache, worker that is started, call of WebGPU. For every k that a run has, in turn: the outcome is right or an error with a
// code, and what is left works as before, to the bit.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import threads, { type Worker } from "node:worker_threads";
import * as assert from "uvu/assert";
import { save } from "../../src/cli/save.ts";
import { load, type Model, RelpropError, type Source } from "../../src/index.ts";
import type { LoadOptions } from "../../src/runtime/options.ts";
import { hurried, type Served, serve } from "../server.ts";
import { findDevice } from "../support.ts";
import { type Failing, replaced, Trap, wasmTrapped, watched } from "../trap.ts";
import type { Fuzzer } from "./shared/fuzzer.ts";
import { buffersOf, count, workers } from "./shared/lives.ts";
import { stored } from "./shared/models.ts";
import { subjects } from "./shared/subjects.ts";

const LATE = 25_000; // milliseconds, on a machine that does other things: a hang is one however long it is waited for
const text = "a small text";
const [{ folder, source }] = subjects;

/** What fails, and how a model is loaded that meets it. */
interface Kind {
  name: string;
  trap: Trap;
  /** Puts the trap in its place; returns how to take it away. */
  set(trap: Trap): () => void;
  source: Source;
  options?: LoadOptions;
  /** In place of a model's life. */
  work?: () => Promise<unknown>;
  /** Results to compare with, if not those of WASM. */
  right?: unknown;
}

let right: unknown;
const kinds: Kind[] = [];
const faults = new Map<Kind, string[]>();
let served: Served;
let device: GPUDevice | undefined;
let buffers = () => 0;
const scratch = mkdtempSync(join(tmpdir(), "relprop-failures-"));

const memory = () => new RangeError("Array buffer allocation failed");
const io = (call: string) => Object.assign(new Error(`EIO: i/o error, ${call}`), { code: "EIO", syscall: call });

async function answers(model: Model): Promise<unknown> {
  return [await model.predict(text), await model.explain(text, { layers: true })];
}

/** A model's life. Resolves with what it answers, or with what went wrong on the way, the load or a call. */
async function life({ source, options, trap, right: own = right }: Kind): Promise<unknown> {
  const model = await load(source, { backend: "wasm", name: "m", ...options });
  const first = await answers(model).catch((error: unknown) => ({ error }));
  const failed = typeof first === "object" && first !== null && "error" in first ? first.error : undefined;
  if (failed !== undefined && trap.at >= 0) {
    // Nothing fails twice: the model is as good as before.
    const again = await answers(model).catch((error: unknown) => error);
    if (again instanceof RelpropError && /^(DeviceLost|WorkerCrashed)$/.test(again.code)) await model.dispose();
    else if (!isDeepStrictEqual(again, own)) throw new Error("the model was lost by it", { cause: again });
  }
  await model.dispose();
  if (failed !== undefined) throw failed;
  return first;
}

/** Buffers and typed arrays of this realm that are made by length. */
function arraysTrapped(trap: Trap): () => void {
  const counted = <T extends new (...args: never[]) => object>(Type: T): T => {
    const proxy: T = new Proxy(Type, {
      construct(target, args, made) {
        if (typeof args[0] === "number" && args[0] > 8) trap.tell(Type.name);
        return Reflect.construct(target, args, made === proxy ? target : made);
      },
    });
    return proxy;
  };
  return replaced(globalThis, {
    Float32Array: counted(Float32Array),
    Float64Array: counted(Float64Array),
    Uint8Array: counted(Uint8Array),
    Uint32Array: counted(Uint32Array),
    ArrayBuffer: counted(ArrayBuffer),
  } as Partial<typeof globalThis>);
}

type Operation = (...args: unknown[]) => Promise<unknown>;

/** Operations of the file system, handles' too. */
function filesTrapped(trap: Trap): () => void {
  const trapped = (of: object, names: readonly string[], label = (name: string) => name) =>
    Object.fromEntries(
      names.map((name) => {
        const real = (of as Record<string, Operation>)[name].bind(of);
        return [
          name,
          async (...args: unknown[]) => {
            if (name !== "close") trap.tell(label(name));
            const found = await real(...args);
            if (name === "close") trap.tell(label(name)); // closed all the same
            return found;
          },
        ];
      }),
    );
  const open = fs.open.bind(fs);
  const restore = replaced(fs, {
    ...trapped(fs, ["realpath", "writeFile", "rename", "lstat", "rm"]),
    open: async (...args: Parameters<typeof fs.open>) => {
      trap.tell("open");
      const handle = await open(...args);
      return Object.assign(handle, trapped(handle, ["read", "stat", "close"]));
    },
  } as Partial<typeof fs>);
  syncBuiltinESMExports();
  return () => {
    restore();
    syncBuiltinESMExports();
  };
}

/** fetch, whose requests and pieces fail. */
const trappedFetch =
  (trap: Trap): LoadOptions["fetch"] =>
  async (url, init) => {
    trap.tell("fetch");
    const response = await fetch(url, init);
    const reader = response.body?.getReader();
    const body = new ReadableStream({
      async pull(to) {
        trap.tell("a piece");
        const { done, value } = (await reader?.read()) ?? { done: true };
        if (done) to.close();
        else to.enqueue(value);
      },
      cancel: (reason) => reader?.cancel(reason),
    });
    const { status, headers } = response;
    const found = new Response(status === 204 || status === 304 ? null : body, { status, headers });
    return Object.defineProperty(found, "url", { value: response.url });
  };

/** A cache in memory, whose operations fail. */
function trappedCache(trap: Trap): Cache {
  const entries = new Map<string, Uint8Array>();
  const cache = {
    async match(name: string) {
      trap.tell("match");
      const found = entries.get(name);
      return found && new Response(found as BodyInit);
    },
    async put(name: string, response: Response) {
      trap.tell("put");
      entries.set(name, new Uint8Array(await response.arrayBuffer()));
    },
    async keys() {
      trap.tell("keys");
      return [...entries.keys()].map((url) => ({ url }));
    },
    async delete({ url }: Request) {
      trap.tell("delete");
      return entries.delete(url);
    },
  };
  return cache as unknown as Cache;
}

function startsTrapped(trap: Trap): () => void {
  const Counted = threads.Worker;
  return replaced(threads, {
    Worker: class extends Counted {
      constructor(...given: ConstructorParameters<typeof Worker>) {
        trap.tell("Worker");
        super(...given);
      }
    },
  });
}

const path = join(scratch, "out.html");
const [old, fresh] = ["old\n".repeat(99), "new\n".repeat(9999)];

async function saved(): Promise<void> {
  writeFileSync(path, old);
  const outcome = await save(path, fresh).catch((error: unknown) => error);
  const content = readFileSync(path, "utf8");
  assert.is(content, outcome === undefined ? fresh : old);
  const left = readdirSync(scratch);
  if (outcome !== undefined) throw outcome;
  assert.equal(left, ["out.html"]);
}

async function begin(): Promise<void> {
  const model = await load(source, { backend: "wasm", name: "m" });
  right = await answers(model);
  await model.dispose();
  count();
  served = await serve(stored("bert-sequence"));
  const url = new URL(`${served.base}/`);
  const none = () => () => {};
  const fetching = new Trap(() => new TypeError("fetch failed"));
  const caching = new Trap(() => new DOMException("the quota is used up", "QuotaExceededError"));
  kinds.push(
    { name: "wasm", trap: new Trap(() => new RangeError("could not allocate memory")), set: wasmTrapped, source },
    { name: "arrays", trap: new Trap(memory), set: arraysTrapped, source },
    { name: "files", trap: new Trap(io), set: filesTrapped, source: folder! },
    { name: "save", trap: new Trap(io), set: filesTrapped, source, work: saved },
    { name: "fetch", trap: fetching, set: none, source: url, options: { fetch: trappedFetch(fetching) } },
    { name: "workers", trap: new Trap(), set: startsTrapped, source, options: { worker: true } },
    { name: "threads", trap: new Trap(), set: startsTrapped, source, options: { threads: 2 } },
  );
  kinds.push({
    name: "cache",
    trap: caching,
    set: none,
    source: url,
    get options() {
      return { cache: trappedCache(caching) };
    },
  });
  device = await findDevice();
  if (device) await gpu(device);
  else console.log("failures: NO WebGPU ADAPTER HERE, so none of its calls fails");
  for (const kind of kinds) {
    await once(kind, -1);
    faults.set(kind, kind.trap.calls);
  }
  const counts = kinds.map((kind) => `${kind.name} ${faults.get(kind)!.length}`);
  console.log(`failures: calls that fail: ${counts.join(", ")}`);
}

const OUT_OF_MEMORY: Failing = {
  of: /^popErrorScope$/,
  async as(_, real) {
    await real();
    return new GPUOutOfMemoryError("injected");
  },
};
const REJECTED: Failing = { of: /Async$|^popErrorScope$/, as: (error) => Promise.reject(error) };

async function gpu(device: GPUDevice): Promise<void> {
  buffers = buffersOf(device);
  const trap = new Trap();
  let how: Failing | undefined;
  const options = { backend: "webgpu", device: watched(device, trap, () => how) } as const;
  const ways = { throws: undefined, rejects: REJECTED, "runs out of memory": OUT_OF_MEMORY };
  for (const [name, failing] of Object.entries(ways)) {
    const set = () => {
      how = failing;
      return () => {};
    };
    const kind: Kind = { name: `WebGPU ${name}`, trap, set, source, options };
    kind.right = await once(kind, -1); // shaders are compiled once
    kinds.push(kind);
  }
}

/** A life with the k-th call failing. */
async function once(kind: Kind, k: number): Promise<unknown> {
  const { trap, set, work } = kind;
  const restore = set(trap);
  trap.set(k);
  try {
    return await hurried(() => (work ?? (() => life(kind)))());
  } finally {
    restore();
    trap.at = -1;
  }
}

const same = (found: unknown, { work, right: own = right }: Kind) => Boolean(work) || isDeepStrictEqual(found, own);

export const fuzzer: Fuzzer = {
  begin,

  /** Kinds in turn, and of each all calls in turn, neighbours far from each other. */
  async one(_, i) {
    const kind = kinds[i % kinds.length];
    const calls = faults.get(kind)!;
    const k = (Math.floor(i / kinds.length) * 7919) % calls.length;
    const what = `${kind.name}, call ${k}, ${calls[k]}`;
    let timer: ReturnType<typeof setTimeout>;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`${what}: no end`)), LATE);
    });
    let code = "right";
    try {
      const found = await Promise.race([once(kind, k), late]);
      if (!same(found, kind)) throw new Error(`${what}: another answer`);
    } catch (error) {
      if (!(error instanceof RelpropError)) throw Object.assign(error as Error, { message: `${what}: ${error}` });
      code = error.code;
    } finally {
      clearTimeout(timer!);
    }
    // The same process goes on, and nothing stays behind.
    const found = await once(kind, -1);
    if (!same(found, kind)) throw new Error(`${what}: the next model answers otherwise`);
    for (let n = 0; workers().length || buffers(); n++) {
      if (n > 400) throw new Error(`${what}: ${workers().length} workers and ${buffers()} buffers are left`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return { bytes: 2 ** 24, what: `${kind.name} ${code}`, of: kind.name };
  },

  async end() {
    await served.stop();
    device?.destroy();
    rmSync(scratch, { recursive: true });
  },
};
