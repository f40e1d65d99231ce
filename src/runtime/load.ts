import { start } from "../backends/start.ts";
import { checkFinite, type Rows, rows } from "../checkpoint/dtypes.ts";
import { type Files, missing } from "../checkpoint/files.ts";
import { readJson } from "../checkpoint/json.ts";
import { PIECE, pieces } from "../checkpoint/safetensors.ts";
import { files, type Source } from "../checkpoint/sources.ts";
import { checkpoint, type Stored, unwrapped } from "../checkpoint/tensors.ts";
import { Weights } from "../checkpoint/weights.ts";
import { network } from "../engine/network.ts";
import { type Reload, summed, unreadable } from "../engine/reload.ts";
import { coded, RelpropError, throwIfAborted } from "../errors.ts";
import { explanationTrace } from "../explain/trace.ts";
import { plan } from "../graph/plan.ts";
import type { Shape } from "../graph/tensor.ts";
import type { Tables } from "../inputs/encoded.ts";
import { readTokenizer } from "../inputs/tokenizers/read.ts";
import { architecture, familyOf } from "../models/architecture.ts";
import { architectureName } from "../models/config.ts";
import type { Architecture, Network } from "../models/family.ts";
import { checked } from "../options/kinds.ts";
import { method } from "../propagation/composites.ts";
import { Model, type ModelParts } from "./model.ts";
import { type LocalOptions, localOptions } from "./options.ts";

/**
 * Loads a Hugging Face checkpoint: config.json, tokenizer.json and model.safetensors or its shards. Rejects with a
 * RelpropError; after a failure or an abort nothing stays allocated.
 */
export const load = async (source: Source, options: LocalOptions = {}): Promise<Model> =>
  new Model(await read(source, checked("load()", localOptions, options)));

/** What a model is made of. @internal */
export async function read(source: Source, options: LocalOptions): Promise<ModelParts> {
  const { signal } = options;
  throwIfAborted(signal);
  const from = await files(source, options);
  try {
    const { config, around, encoder, stored } = await open(from, options);
    const weights = new Weights(
      new Map([...stored].map(([name, { info }]) => [name, info.shape])),
      await narrow(stored, options),
    );
    const found = await architecture(config, weights, around !== undefined);
    const read = found.vocabulary ? await readTokenizer(encoder, config, signal) : undefined;
    const typed = (read?.tokenizer.typed && found.typed) || found;
    const outputs = await found.task.complete?.(read?.file ?? {}, found.labels.length);
    const textual = { ...typed, ...outputs };
    const whole = found.image
      ? await (await import("../models/images.ts")).withProcessor(textual, encoder, signal)
      : found.task.continues && read
        ? await (await import("../models/continuing.ts")).continuing(textual, config, encoder, read, options)
        : textual;
    const { design, tokenizer } = (read && (await around?.complete(whole, weights, read, signal))) ?? {
      design: whole,
      tokenizer: read?.tokenizer ?? (await import("../inputs/tokenizers/wordless.ts")).wordless,
    };
    const net = network(design, 1, 1, { numLoops: 1 }); // asks for every weight, and so checks that all are there with the right shapes
    const tables = await embeddings(design, stored, signal);

    await from.checkIntegrity?.();
    const { backend, reason, sum } = await upload(weights, stored, net, options);
    const reload: Reload =
      unreadable(source, options.device) ??
      (async (signal) => {
        const { again } = await import("./again.ts");
        return again(source, { ...options, signal, backend: backend.name }, { weights, net, sum });
      });
    const parts = [...weights.parts.values(), ...weights.derived.values()].flatMap(({ of }) => of);
    const stacked = [...weights.stacks.values()].flat();
    const needed = new Set([...weights.used.keys(), ...parts, ...stacked, ...Object.values(design.tables)]);
    return {
      name: options.name ?? from.name,
      type: config.model_type as string,
      architecture: design,
      tokenizer,
      tables,
      backend,
      reload,
      sum,
      fallbackReason: reason,
      // Nothing but facts: a worker hands them on.
      stored: [...stored.values()].map(({ info, quantised }) => ({ ...info, dtype: quantised?.dtype ?? info.dtype })),
      cacheReason: from.cacheReason,
      unused: [...stored].flatMap(([name, { info }]) => (needed.has(name) ? [] : [info.name])),
    };
  } catch (error) {
    throw from.thrown ? from.thrown.error : coded(error);
  } finally {
    await from.close();
  }
}

/** Classes with a head of their own, and what its tensors are called. */
const HEADED = /For\w*(Classification|QuestionAnswering)(WithTeacher)?$/;
const HEAD = /^(classifier|score|qa_outputs|cls_classifier|cls_head)\./;

/**
 * A model's config, its tensors by the names of its class, and the modules of sentence-transformers if they are around it, which
 * may have the encoder in a folder of its own. A classifier that has its head needs none, so that a page does not ask for them.
 */
export async function open(from: Files, { signal, quantize }: Pick<LocalOptions, "signal" | "quantize"> = {}) {
  const limits = { code: "ConfigInvalid", most: 2 ** 20, signal } as const;
  const tensors = async (files: Files, config: Record<string, unknown>) => {
    const { own, rename, columns, fields } = await familyOf(config);
    const found = await checkpoint(files, signal);
    const plain =
      (config.quantization ?? config.quantization_config)
        ? await (await import("../checkpoint/quantised/decoded.ts")).decoded(found, config, columns, signal)
        : found;
    let stored = unwrapped(plain, own);
    if (quantize) {
      const { requantised } = await import("../checkpoint/quantised/requantised.ts");
      stored = requantised(stored, config, quantize, fields.read.tie_word_embeddings !== false);
    }
    return rename ? new Map([...stored].map(([name, one]) => [rename(name), one])) : stored;
  };
  const first = await readJson(from, "config.json", limits);
  const alone = first && HEADED.test(architectureName(first) ?? "") ? await tensors(from, first) : undefined;
  if (first && alone && [...alone.keys()].some((name) => HEAD.test(name))) {
    return { config: first, around: undefined, encoder: from, stored: alone };
  }
  const around = (await from.open("modules.json"))
    ? await (await import("../models/sentence/sentence.ts")).sentence(from, signal)
    : undefined;
  const encoder = around?.encoder ?? from;
  const config = around ? await readJson(encoder, "config.json", limits) : first;
  if (!config) throw missing(encoder, "config.json");
  if (!around) return { config, around, encoder, stored: alone ?? (await tensors(from, config)) };
  return {
    config,
    around,
    encoder,
    stored: new Map([...(await tensors(encoder, config)), ...(await around.stored(signal))]),
  };
}

/** Matrices that may stay narrow, by name. */
async function narrow(stored: ReadonlyMap<string, Stored>, { keepHalfPrecision }: LocalOptions) {
  const some = [...stored.values()].some(({ info, quantised }) => quantised?.narrow || /16$/.test(info.dtype));
  return some ? (await import("../checkpoint/kept.ts")).kept(stored, keepHalfPrecision) : undefined;
}

/** The embedding tables, kept on the host in the checkpoint's own dtype. */
async function embeddings(
  design: Architecture,
  stored: ReadonlyMap<string, Stored>,
  signal?: AbortSignal,
): Promise<Tables> {
  const table = async (name: string): Promise<Rows> => {
    const { file, info, quantised } = stored.get(name)!;
    const narrow =
      quantised?.narrow &&
      (await (await import("../checkpoint/narrow.ts")).narrowTable(quantised.narrow, name, info.shape, signal));
    return narrow ?? rows(await file.read(info.start, info.end, signal), info);
  };
  const names = Object.entries(design.tables) as [keyof Tables, string | undefined][];
  const there = names.flatMap(([key, name]) => (name === undefined ? [] : [[key, name] as const]));
  // In the order they mostly lie in, by name: files are read faster forwards.
  const found: Tables = {};
  for (const [key, name] of there.sort(([, a], [, b]) => (a < b ? -1 : 1))) found[key] = await table(name);
  return found;
}

/** Starts a backend and hands it the weights; a GPU that cannot hold them gives way to WASM if the choice was `auto`. */
export async function upload(
  weights: Weights,
  found: ReadonlyMap<string, Stored>,
  net: Network,
  options: LocalOptions,
): Promise<Awaited<ReturnType<typeof start>> & { sum: number }> {
  const started = await start(options);
  const { tensors: stored, add, sum } = summed(found);
  try {
    started.backend.warm?.(plan(explanationTrace(net, [method().composite]).outputs)); // compiles while bytes arrive
    const size = (shape: Shape) => shape.reduce((n, d) => n * d, 1);
    await started.backend.allocate(new Map([...weights.used].map(([name, shape]) => [name, size(shape)])));
    const buffers = [new Uint8Array(PIECE), new Uint8Array(PIECE)];
    for (const [name, { file, info }] of stored) {
      if (!weights.used.has(name) || weights.narrow.has(name)) continue;
      for await (const { at, n, put } of pieces(file, info, options.signal, buffers)) {
        await started.backend.write(name, at, n, (out) => {
          put(out);
          checkFinite(out, name, at);
        });
      }
    }
    if (weights.parts.size || weights.narrow.size || weights.derived.size || weights.stacks.size) {
      const { uploadParts } = await import("../checkpoint/derived.ts");
      await uploadParts(started.backend, weights, stored, add, options.signal);
    }
    for (const [name, value] of weights.constants) {
      await started.backend.write(name, 0, size(weights.used.get(name)!), (out) => void out.fill(value));
    }
    return { ...started, sum: sum() };
  } catch (error) {
    started.backend.dispose();
    const gpuFailed = error instanceof RelpropError && /^(Gpu|DeviceLost)/.test(error.code);
    const mayFallBack = (options.backend ?? "auto") === "auto" && started.backend.name === "webgpu";
    if (!gpuFailed || !mayFallBack) throw error;
    const again = await upload(weights, found, net, { ...options, backend: "wasm" });
    return { ...again, reason: error.message };
  }
}
