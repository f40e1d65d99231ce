// Where the model comes from, and on what it runs: in a worker, so that typing never waits for it.

import type { Source } from "../../src/checkpoint/sources.ts";
import type { Model } from "../../src/runtime/model.ts";
import type { LoadOptions } from "../../src/runtime/options.ts";
import { load } from "../../src/runtime/worker/client.ts";

export type Backend = NonNullable<LoadOptions["backend"]>;

export interface Origin {
  source: Source;
  name: string;
}

/** The model that comes with the page. */
export const shipped: Origin = { source: "models/sst2-tiny/", name: "sst2-tiny" };

let worker: Worker | undefined;

/** The worker that all models live in; a new one if the last has crashed. */
function running(): Worker {
  worker ??= new Worker("worker.js", { type: "module" });
  const it = worker;
  it.onerror = () => {
    it.terminate();
    if (worker === it) worker = undefined;
  };
  return it;
}

running(); // while the rest of the page is made

export function open(
  { source, name }: Origin,
  backend: Backend,
  onProgress: LoadOptions["onProgress"],
): Promise<Model> {
  return load(source, { worker: running(), name, backend, onProgress });
}
