// A key/value cache: what attention has computed of the tokens so far stays on the device. The first run computes a text's rows
// and writes their keys and values, each further one computes and writes a row. Neither is copied to the host.

import type { Backend, States } from "../backends/backend.ts";
import type { Engine, Probe } from "../engine/engine.ts";
import { logitsTrace } from "../engine/network.ts";
import { cols, input, state } from "../graph/tensor.ts";
import type { Encoded } from "../inputs/encoded.ts";
import type { PastKeyValues } from "../models/family.ts";
import { writeRows } from "../ops/write_rows.ts";

export interface KeyValueCache {
  /** The logits after a text, which goes on from the last one by a token: or the cache begins again with it. */
  logits(text: Encoded, signal?: AbortSignal): Promise<Float32Array>;
  /** Bytes of device memory. */
  readonly bytes: number;
  dispose(): void;
}

/** Keys and values of so many tokens. */
interface Held {
  backend: Backend;
  states: States;
  tokens: number;
}

/** A cache for one text, on the engine's backend. After an error it is empty. */
export function keyValueCache(engine: Engine): KeyValueCache {
  let held: Held | undefined;

  const dispose = () => {
    held?.states.dispose();
    held = undefined;
  };

  const begin = async (backend: Backend): Promise<States> => {
    held = { backend, states: await backend.createStates(), tokens: 0 };
    return held.states;
  };

  const next = async (text: Encoded, signal?: AbortSignal): Promise<Float32Array> => {
    const { tokens } = text;
    const { changesKeys } = engine.architecture;
    if (held?.tokens !== tokens.length - 1 || changesKeys?.(tokens.length)) dispose();
    const probe = held ? step(held, tokens.length) : { kind: "prompt", network: { past: cacheOf(0) }, states: begin };
    const follows = held?.tokens ?? 0;
    const data = () => ({ position: Float32Array.of(follows) });
    const part = { ...text, tokens: tokens.slice(follows), follows };
    const [seen] = await engine.probe([part], { ...probe, trace: logitsTrace, data }, signal);
    held!.tokens = tokens.length;
    return seen.of("logits");
  };

  return {
    async logits(text, signal) {
      try {
        return await next(text, signal);
      } catch (error) {
        const { lost } = held?.backend ?? engine.parts.backend;
        dispose();
        if (!lost) throw error;
      }
      try {
        return await next(text, signal); // from its tokens, on the backend that takes the lost one's place
      } catch (error) {
        dispose();
        throw error;
      }
    },
    get bytes() {
      return held?.states.bytes ?? 0;
    },
    dispose,
  };
}

/** A cache of so many rows, or of a run's where these are more, into which those of the run are written from the input `position` on. */
const cacheOf =
  (cached: number) =>
  (t: number): PastKeyValues => {
    const position = input("position", [1]);
    const rows = Math.max(t, cached);
    return { append: (name, x) => writeRows(state(name, [x.shape[0], rows, cols(x)]), x, position), position };
  };

/** A run of the last of `n` tokens. */
function step({ backend: mine, states }: Held, n: number): Omit<Probe, "trace"> {
  const cached = bucket(n);
  return {
    kind: `step ${cached}`,
    network: { past: cacheOf(cached) },
    rows: 1,
    async states(backend) {
      if (backend !== mine) throw mine.lost;
      return states;
    },
  };
}

/** How many rows of a cache of `n` tokens are read, so that few lengths need a plan of their own: a quarter more at most. */
function bucket(n: number): number {
  const unit = Math.max(64, 2 ** Math.floor(Math.log2(n)) / 4);
  return Math.ceil(n / unit) * unit;
}
