// Plans: symbolic tensors as a flat list of kernel calls over numbered buffers. A plan is plain data, and the same
// plan runs on every backend. Outputs never share a buffer with what is still to be read.

import { Auxiliary, type Call, history, Input, State, size, type Tensor, Weight, words } from "./tensor.ts";

export interface Step extends Call {
  /** The buffers of the output, of auxiliary outputs and of each input, in this order. */
  buffers: number[];
  /** Bytes of the tensors it reads and writes, each once. */
  bytes: number;
}

export interface Plan {
  steps: Step[];
  /** What each buffer holds: a weight or a state by name, or so many bytes of work. */
  buffers: PlanBuffer[];
  inputs: Record<string, { buffer: number; size: number }>;
  outputs: Record<string, { buffer: number; size: number }>;
}

export interface PlanBuffer {
  bytes: number;
  weight?: string;
  state?: string;
}

/** Whether a buffer's content is needed only during a run. */
export const isWork = ({ weight, state }: PlanBuffer): boolean => weight === undefined && state === undefined;

/** Bytes of work buffers a plan needs, without the weights and states. */
export const workBytes = (plan: Plan): number => plan.buffers.reduce((n, b) => n + (isWork(b) ? b.bytes : 0), 0);

/**
 * Orders what `outputs` need by the order it was written down in, which keeps a reduction next to what it reads, and
 * reuses each buffer once its last reader has run.
 */
export function plan(outputs: Record<string, Tensor>): Plan {
  const steps: Step[] = [];
  const buffers: Plan["buffers"] = [];
  const inputs: Plan["inputs"] = {};

  const order = history(Object.values(outputs));
  const readers = new Map<Tensor, number>();
  for (const t of order) for (const i of t.inputs) readers.set(i, (readers.get(i) ?? 0) + 1);
  for (const t of Object.values(outputs)) readers.set(t, Number.POSITIVE_INFINITY);

  const at = new Map<Tensor, number>();
  const leaves = new Map<string, { buffer: number; size: number }>();
  /** Buffers that are free, by their bytes: there are few sizes, and may be a hundred thousand buffers. */
  const free = new Map<number, number[]>();

  const create = (bytes: number, kept?: Pick<PlanBuffer, "weight" | "state">) => buffers.push({ bytes, ...kept }) - 1;

  /** The smallest free buffer that fits without wasting half of itself, or a new one. */
  const take = (bytes: number): number => {
    const fits = [...free.keys()].filter((size) => size >= bytes && size <= 2 * bytes && free.get(size)!.length);
    return fits.length ? free.get(Math.min(...fits))!.pop()! : create(bytes);
  };

  const release = (t: Tensor) => {
    const buffer = at.get(t)!;
    const { bytes } = buffers[buffer];
    const same = free.get(bytes);
    if (same) same.push(buffer);
    else free.set(bytes, [buffer]);
  };

  /** A leaf may be named more than once; it is one buffer all the same. */
  const leaf = (t: Tensor, name: string): number => {
    const key = `${t.op.name} ${name}`;
    const known = leaves.get(key);
    const n = words(t);
    if (known && known.size !== n) throw new Error(`${key} has ${known.size} elements here and ${n} there`);
    const kept = t.op === Weight ? { weight: name } : t.op === State ? { state: name } : undefined;
    const found = known ?? { buffer: create(4 * n, kept), size: n };
    leaves.set(key, found);
    if (t.op === Input) inputs[name] = found;
    return found.buffer;
  };

  /** Whether a tensor's buffer is another's once it has been read. */
  const passing = (t: Tensor) => t.name === undefined && !t.op.inPlace;

  for (const t of order) {
    if (t.name !== undefined) {
      at.set(t, leaf(t, t.name));
      continue;
    }
    if (t.op.inPlace) {
      const [target, ...read] = t.inputs;
      at.set(t, at.get(target)!);
      const bytes = read.reduce((n, one) => n + 4 * words(one), 0);
      steps.push({ ...t.op.call(t), buffers: [t, ...read].map((i) => at.get(i)!), bytes });
    } else if (t.op !== Auxiliary) {
      const written = [t, ...(t.auxiliary ?? [])];
      for (const one of written) at.set(one, take(4 * size(one)));
      const used = [...written, ...t.inputs];
      const bytes = used.reduce((n, one) => n + 4 * words(one), 0);
      steps.push({ ...t.op.call(t), buffers: used.map((i) => at.get(i)!), bytes });
      for (const one of written) if (!readers.has(one)) release(one);
    }
    for (const i of t.inputs) {
      readers.set(i, readers.get(i)! - 1);
      if (!readers.get(i) && passing(i)) release(i);
    }
  }

  const results = Object.entries(outputs).map(([name, t]) => [name, { buffer: at.get(t)!, size: size(t) }]);
  return { steps, buffers, inputs, outputs: Object.fromEntries(results) };
}
