// The worker's side: models that live here, each behind a message port of its own.

import { quote, RelpropError } from "../../errors.ts";
import { checked } from "../../options/kinds.ts";
import { read } from "../load.ts";
import { Model } from "../model.ts";
import { type LocalOptions, localOptions } from "../options.ts";

/** What a client sends: a call of `load` or of one of the model's methods, or that a call is no longer wanted. */
export interface Call {
  id: number;
  method?: string;
  args?: readonly unknown[];
  /** Whether progress is wanted. */
  progress?: boolean;
}

/** What a client gets: that there is somebody, a call's progress, or how it ended. */
export type Answer =
  | { ready: true }
  | { id: number; progress: Parameters<NonNullable<LocalOptions["onProgress"]>>[0] }
  | { id: number; value: unknown }
  | { id: number; error: Failure };

export interface Failure {
  code?: RelpropError["code"];
  message: string;
  facts?: RelpropError["facts"];
  cause?: string;
}

/** What a loaded model is to its client. */
export interface Loaded {
  fields: Record<string, unknown>;
  methods: string[];
  /** Of the weights' bytes. */
  sum: number;
}

/**
 * Makes this worker one for `load(source, { worker })`; `options` are defaults for every model that is loaded here, such
 * as a `gpu` that only this thread can have. Other messages to the worker are left alone.
 * @throws InvalidOption for a wrong option; InvalidInput outside of a worker.
 */
export function serve(given: LocalOptions = {}): void {
  const options = checked("serve()", localOptions, given);
  const connect = (message: unknown) => {
    const port = typeof message === "object" && message && "relprop" in message && message.relprop;
    if (port instanceof MessagePort) answer(port, options);
  };
  const parent = globalThis.process?.getBuiltinModule?.("node:worker_threads")?.parentPort;
  if (!("WorkerGlobalScope" in globalThis) && parent) parent.on("message", connect);
  else if (!globalThis.addEventListener) throw new RelpropError("InvalidInput", "serve() is called in a worker's file");
  else addEventListener("message", ({ data }) => connect(data));
}

function answer(port: MessagePort, defaults: LocalOptions): void {
  const calls = new Map<number, AbortController>();
  const post = (message: Answer) => port.postMessage(message);
  let model: Model | undefined;
  let methods: string[] = [];

  const run = async ({ id, progress, args: [first, options] = [] }: Call, signal: AbortSignal, method: string) => {
    const onProgress: LocalOptions["onProgress"] = progress ? (progress) => post({ id, progress }) : undefined;
    const own = { ...(options as object), signal, onProgress };
    if (method !== "load") {
      if (!methods.includes(method)) throw new RelpropError("InvalidInput", `there is no method ${quote(method)}`);
      return (model as unknown as Record<string, (...args: unknown[]) => unknown>)[method](first, own);
    }
    const parts = await read(first as string, checked("load()", localOptions, { ...defaults, ...own }));
    model = new Model(parts);
    if (signal.aborted) await model.dispose(); // nobody waits for it any more
    const properties = Object.entries(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(model)));
    const found = properties.filter(([name, { value }]) => name !== "constructor" && typeof value === "function");
    methods = found.map(([name]) => name);
    return { fields: { ...model }, methods, sum: parts.sum } satisfies Loaded;
  };

  port.onmessage = async ({ data }: MessageEvent<Call>) => {
    if (!isCall(data)) return; // not one of ours, and no reason to end
    const { id, method } = data;
    if (!method) return calls.get(id)?.abort();
    const call = new AbortController();
    calls.set(id, call);
    try {
      post({ id, value: await run(data, call.signal, method) });
    } catch (error) {
      try {
        post({ id, error: failure(error) });
      } catch {
        post({ id, error: { ...failure(error), facts: {} } }); // facts that cannot cross
      }
    }
    calls.delete(id);
  };
  post({ ready: true });
}

const isCall = (data: unknown): data is Call => {
  const { id, method, args } = (data ?? {}) as Partial<Record<keyof Call, unknown>>;
  const fits = typeof id === "number" && (method === undefined || typeof method === "string");
  return fits && (args === undefined || Array.isArray(args));
};

function failure(error: unknown): Failure {
  const { message, cause } = error instanceof Error ? error : new Error(String(error));
  const known = error instanceof RelpropError ? { code: error.code, facts: error.facts } : {};
  return { ...known, message, ...(cause !== undefined && { cause: String(cause) }) };
}
