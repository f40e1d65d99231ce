// Symbolic tensors.
//
// A Tensor records the op that makes it and the tensors it is made from; nothing is computed here. A model is a
// function from tensors to tensors, an explanation is another, and plan.ts turns whatever they return into a list of
// kernel calls that either backend can run.

import { RelpropError } from "../errors.ts";
import type { Layout } from "./layout.ts";
import type { Entry } from "./ledger.ts";

export type Shape = readonly number[];
export type Attrs = Readonly<Record<string, number>>;

export interface Tensor {
  /** Counts up: a tensor is always made after the tensors it is made from. */
  readonly id: number;
  readonly op: Op;
  readonly inputs: readonly Tensor[];
  readonly attrs: Attrs;
  readonly shape: Shape;
  /** Where a leaf gets its data: an input's key, a weight's checkpoint name or a state's key. */
  readonly name?: string;
  /** Of a weight that is narrower than f32. */
  readonly narrow?: Narrow;
  /** Auxiliary outputs of its kernel. */
  readonly auxiliary?: readonly Tensor[];
}

/** How a weight lies that is narrower than f32, and what is read of it: narrow.ts makes it. */
export interface Narrow extends Layout {
  /** Its 32-bit words. */
  readonly words: number;
  /** What kernels are given to read it. */
  readonly args: readonly number[];
  /** Makes f32 of it. */
  readonly decode: Op;
  /** keep · w + more · w⁺, or w⁻ if `sign` is −1, of a w of which all is read. */
  clamp(keep: number, more: number, sign: number): Narrow;
}

/** One kernel call: an entry point, its arguments in the order of its `Args`, its workgroups. */
export interface Call {
  kernel: string;
  args: number[];
  grid: [x: number, y: number, z: number];
  /** Which variant of the kernel the shapes ask for, as its pipeline's constants; WASM has but one. */
  constants?: Record<string, number>;
  /** Floating-point operations, of kernels that do enough of them to count. */
  flops?: number;
}

/** An amount an op keeps: `times` · Σ rows. */
export interface Kept {
  entry: Entry;
  rows: Tensor;
  times?: number;
}

/** What a rule makes of the gradient of an op's output: one for each input it sends any to, and what it keeps. */
export interface RuleResult {
  gradients: (Tensor | undefined)[];
  kept?: Kept[];
}

/**
 * Carries the gradient `g` of an op's output `y` back to its inputs. `carries` is true for inputs that depend on a tensor
 * that relevance is read at; the others are constants. What is kept must follow from forward values and `g` alone.
 */
export type Rule = (g: Tensor, y: Tensor, at: { options: Attrs; carries: boolean[] }) => RuleResult;

export interface Op {
  readonly name: string;
  /** The output's shape; throws where the inputs do not fit. */
  shape(inputs: readonly Tensor[], attrs: Attrs): Shape;
  call(y: Tensor): Call;
  /** The shapes of the kernel's auxiliary outputs. */
  auxiliary?(inputs: readonly Tensor[], attrs: Attrs): Shape[];
  /** Whether its kernel writes into its first input, a state, which is its output too. */
  readonly inPlace?: boolean;
  /** y + addend, of one shape, by one kernel that replaces y's: for a `y` without other readers. */
  plus?(y: Tensor, addend: Tensor): Tensor | undefined;
  /** How relevance passes this op. Kernels that only serve a rule have none. */
  readonly rules?: Readonly<Record<string, Rule>>;
  /** The ops that this one does the work of, for which composites name rules: one's are `rules` too. */
  readonly parts?: readonly Op[];
  /** The rule of an op with several parts, from the names of theirs in this order. */
  compose?(names: readonly string[]): Rule;
  /** The options that a rule takes, by the rule's name. */
  readonly options?: Readonly<Record<string, readonly string[]>>;
  /**
   * What a row of the output is made of, if it is of one row of each input: `dense` is x · wᵀ + b of the inputs x, w and, if
   * there is one, b; `norm` divides x by what its row amounts to; `elementwise` keeps each number in its place.
   */
  readonly rowwise?: "dense" | "norm" | "elementwise";
  /** The input that its kernels read narrow, if it is so; others are decoded before. */
  readonly narrow?: number;
  /** Whether the rows of the output are some of the input's. */
  readonly selects?: boolean;
}

let nextId = 0;

export function apply(op: Op, given: Tensor[], attrs: Attrs = {}): Tensor {
  const inputs = given.map((t, i) => (i === op.narrow ? t : decoded(t)));
  const y = { id: nextId++, op, inputs, attrs, shape: op.shape(inputs, attrs) };
  if (!op.auxiliary) return y;
  const auxiliary: Tensor[] = [];
  const whole = { ...y, auxiliary };
  for (const shape of op.auxiliary(inputs, attrs)) {
    auxiliary.push({ id: nextId++, op: Auxiliary, inputs: [whole], attrs: {}, shape });
  }
  return whole;
}

const leaf = (name: string): Op => ({
  name,
  shape: () => fail(`${name} is not a function of tensors`),
  call: () => fail(`${name} has no kernel`),
});

/** A tensor that another's kernel writes. */
export const Auxiliary = leaf("auxiliary");

export const Input = leaf("input");
export const Weight = leaf("weight");
export const State = leaf("state");

const leafOf =
  (op: Op) =>
  (name: string, shape: Shape, narrow?: Narrow): Tensor => ({
    id: nextId++,
    op,
    inputs: [],
    attrs: {},
    shape,
    name,
    narrow,
  });

/** Data that each run provides. */
export const input = leafOf(Input);
/** Data that a backend keeps. */
export const weight = leafOf(Weight);
/** Data that runs write and later runs read: see States in ../backends/backend.ts. A plan sees the first rows of it. */
export const state = leafOf(State);

/** The same weight, of which kernels read a part: see `Narrow`. */
export const clamped = ({ op, name, shape, narrow }: Tensor, keep: number, more: number, sign: number): Tensor =>
  leafOf(op)(name!, shape, narrow!.clamp(keep, more, sign));

/** The same numbers in f32, for kernels that read no others. */
export const decoded = (w: Tensor): Tensor => (w.narrow ? apply(w.narrow.decode, [w]) : w);

/** Numbers of 32 bits that a tensor takes. */
export const words = (t: Tensor): number => t.narrow?.words ?? size(t);

export const size = (t: Tensor): number => t.shape.reduce((n, d) => n * d, 1);
export const cols = (t: Tensor): number => t.shape[t.shape.length - 1];
export const rows = (t: Tensor): number => size(t) / cols(t);

/** Everything `roots` depend on, each tensor after its inputs. */
export function history(roots: Iterable<Tensor>): Tensor[] {
  const found = new Set(roots);
  for (const t of found) for (const i of t.inputs) found.add(i);
  return [...found].sort((a, b) => a.id - b.id);
}

/** For ops: says which shapes do not go together. */
export function check(fits: boolean, op: string, inputs: readonly Tensor[]): void {
  if (fits) return;
  const shapes = inputs.map((t) => `${t.name ?? ""}[${t.shape}]`).join(" and ");
  throw new RelpropError(
    "UnexpectedShape",
    `the checkpoint's tensors do not fit one another: ${op} does not fit ${shapes}`,
  );
}

function fail(message: string): never {
  throw new Error(message);
}

const MOST_GROUPS = 65535; // maxComputeWorkgroupsPerDimension, the least that WebGPU promises

/** `n` workgroups, in rows of workgroups when one row is not enough. */
export function groups(n: number): Call["grid"] {
  const rows = Math.max(1, Math.ceil(n / MOST_GROUPS));
  return [Math.ceil(n / rows), rows, 1];
}

/** Half a workgroup a row, as in shaders/norm.wgsl. */
export const halfWorkgroups = (rows: number): Call["grid"] => groups(Math.ceil(rows / 2));

/** One thread an element, 64 a workgroup. */
export const threads = (n: number): Call["grid"] => groups(Math.ceil(n / 64));
