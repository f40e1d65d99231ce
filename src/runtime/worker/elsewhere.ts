// A model in a worker, seen from outside: its fields are copied once, its methods send their arguments. What can be asked of a
// model is not written down here. A worker of its own that crashes is started again by the next call. Loaded when a worker is
// asked for.

import type { Source } from "../../checkpoint/sources.ts";
import { unreadable } from "../../engine/reload.ts";
import { RelpropError, throwIfAborted } from "../../errors.ts";
import { checked } from "../../options/kinds.ts";
import { abortable } from "../../pauses.ts";
import { modelOptions } from "../methods.ts";
import { Model } from "../model.ts";
import type { LocalOptions } from "../options.ts";
import { type Connection, connect, keepAlive } from "./connection.ts";
import type { Early } from "./events.ts";
import type { Loaded } from "./serve.ts";
import { spawn, type WorkerLike } from "./spawn.ts";

const MOST_CRASHES = 3; // within this many milliseconds
const MINUTE = 60_000;

/** Loads a model in a worker, or in one of its own; `given` is a source that can cross, `before` the errors of the worker so far. */
export async function elsewhere(
  given: Source,
  worker: true | WorkerLike,
  options: LocalOptions,
  before?: Early,
): Promise<Model> {
  for (const name of ["gpu", "device", "fetch", "jinja"] as const) {
    if (options[name] === undefined) continue;
    const message = `\`${name}\` cannot be sent to a worker; pass it in the worker's own file: serve({ ${name} })`;
    throw new RelpropError("InvalidOption", message);
  }
  throwIfAborted(options.signal);
  const started = async (options: LocalOptions): Promise<{ client: Connection; loaded: Loaded }> => {
    const own = worker === true ? spawn() : undefined;
    keepAlive(own, false); // Node and Bun may end while nothing is asked of it
    const client = connect(own ?? (worker as WorkerLike), () => own?.terminate(), before);
    try {
      return { client, loaded: (await client.call("load", [given, options])) as Loaded };
    } catch (error) {
      client.end(error as RelpropError);
      throw error;
    }
  };
  const how = { ...options, wasm: await options.wasm };
  const first = await started(how);
  let { client } = first;

  const crashes: number[] = [];
  const final = worker === true ? unreadable(given, undefined) : "it is not this model's own";
  /** Another worker in place of one that has crashed, with the same model. */
  const restart = async () => {
    const failed = (why: unknown) => {
      const message = `${client.gone?.message}, and no new one was started: ${why}; load the model again`;
      return new RelpropError("WorkerCrashed", message, {}, why);
    };
    if (final) throw failed(final);
    const now = performance.now();
    crashes.push(now);
    if (crashes.filter((at) => at > now - MINUTE).length > MOST_CRASHES) {
      throw failed(`${MOST_CRASHES + 1} workers ended within a minute`);
    }
    const { backend } = first.loaded.fields as { backend: LocalOptions["backend"] };
    const again = await started({ ...how, backend, signal: undefined, onProgress: undefined }).catch((error) => {
      throw failed(error.message);
    });
    if (JSON.stringify(again.loaded) !== JSON.stringify(first.loaded)) {
      again.client.end(failed("the model's files are no longer the same"));
      throw again.client.gone;
    }
    client = again.client;
  };
  let restarting: Promise<void> | undefined;
  let disposed: Promise<void> | undefined;
  const ended = new RelpropError("Disposed", "the model is disposed; load it again");
  const ask = async (method: string, first: unknown, options: { signal?: AbortSignal }) => {
    if (client.gone?.code === "WorkerCrashed") {
      if (disposed) throw ended;
      throwIfAborted(options.signal);
      restarting ??= restart().finally(() => {
        restarting = undefined;
      });
      await abortable(restarting, options.signal);
    }
    return client.call(method, [first, options]);
  };

  const model: Record<PropertyKey, unknown> = { ...first.loaded.fields };
  for (const method of first.loaded.methods) {
    const fields = modelOptions[method as keyof typeof modelOptions] ?? {};
    model[method] = async (first: unknown, options = {}) => ask(method, first, checked(`${method}()`, fields, options));
  }
  model.stream = Model.prototype.stream; // by generate(), tokens cross as its progress
  const end = async () => {
    await restarting?.catch(() => {});
    await client.call("dispose", []).catch((error) => {
      if (error.code !== "WorkerCrashed") throw error; // else nothing is left to free
    });
    client.end(ended);
  };
  const dispose = () => {
    disposed ??= end();
    return disposed;
  };
  model.dispose = dispose;
  model[Symbol.asyncDispose] = dispose;
  return model as unknown as Model;
}
