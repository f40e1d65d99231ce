import { RelpropError } from "../errors.ts";
import { type Narrow, type Shape, type Tensor, weight } from "../graph/tensor.ts";
import type { Kept } from "./kept.ts";

/** A weight that is computed from stored tensors, which are given in the order of `of`. */
export interface Derived {
  of: readonly string[];
  shape: Shape;
  compute(...stored: Float32Array[]): Float32Array;
}

/** Some rows of a stored matrix or vector, or of the matrix's transpose, as a weight of its own. */
export interface Part {
  of: string;
  /** The first row. */
  first: number;
  transposed: boolean;
  shape: Shape;
}

/** A checkpoint's tensors by name, seen from a prefix. Remembers which were asked for: those are what a model loads. */
export class Weights {
  readonly #shapes: ReadonlyMap<string, Shape>;
  readonly #layouts: ReadonlyMap<string, Kept>;
  readonly #prefix: string;
  /** Names of the tensors asked for so far, from any prefix. */
  readonly used: Map<string, Shape>;
  /** Of those, the ones that no checkpoint has: the one value of each. */
  readonly constants: Map<string, number>;
  /** And those that are parts of what a checkpoint has. */
  readonly parts: Map<string, Part>;
  /** And those that are computed from some. */
  readonly derived: Map<string, Derived>;
  /** And those that are stored tensors one after the other, by the names of these. */
  readonly stacks: Map<string, readonly string[]>;
  /** And those that stay narrow: how they lie, and their shape. That in `used` is the room they take, in words. */
  readonly narrow: Map<string, { narrow: Narrow; shape: Shape }>;

  /** Matrices that have a layout are kept so where a model reads their rows. */
  constructor(
    shapes: ReadonlyMap<string, Shape>,
    layouts: ReadonlyMap<string, Kept> = new Map(),
    prefix = "",
    root?: Weights,
  ) {
    this.#shapes = shapes;
    this.#layouts = layouts;
    this.#prefix = prefix;
    this.used = root?.used ?? new Map();
    this.constants = root?.constants ?? new Map();
    this.parts = root?.parts ?? new Map();
    this.derived = root?.derived ?? new Map();
    this.stacks = root?.stacks ?? new Map();
    this.narrow = root?.narrow ?? new Map();
  }

  at(path: string): Weights {
    return new Weights(this.#shapes, this.#layouts, `${this.#prefix}${path}.`, this);
  }

  /** The same without the tensors with matching full names. */
  without(name: RegExp): Weights {
    const shapes = new Map([...this.#shapes].filter(([key]) => !name.test(key)));
    return new Weights(shapes, this.#layouts, this.#prefix, this);
  }

  /** The tensors under `path`, or all where nothing is there: a model saved alone has no prefix for what it is part of. */
  base(path: string): Weights {
    const start = `${this.#prefix}${path}.`;
    return [...this.#shapes.keys()].some((name) => name.startsWith(start)) ? this.at(path) : this;
  }

  /** The whole name of a tensor. */
  name(name: string): string {
    return this.#prefix + name;
  }

  /** The shape of a tensor, if the checkpoint has it; asking for a shape loads nothing. */
  shape(name: string): Shape | undefined {
    return this.#shapes.get(this.#prefix + name);
  }

  find(name: string, shape: Shape): Tensor | undefined {
    const full = this.#fits(name, shape);
    return full === undefined ? undefined : this.#use(full, shape);
  }

  get(name: string, shape: Shape): Tensor {
    return this.#use(this.demand(name, shape), shape);
  }

  /** The whole name of a tensor that must be there; loads nothing. */
  demand(name: string, shape: Shape): string {
    const full = this.#fits(name, shape);
    if (full !== undefined) return full;
    throw new RelpropError("MissingTensor", `the checkpoint has no ${this.name(name)}`, { name: this.name(name) });
  }

  /** Rows `first` to `first` + `rows` of a tensor of `shape`; if `transposed`, the checkpoint has its columns as rows. */
  part(name: string, shape: Shape, first: number, rows: number, transposed = false): Tensor {
    const full = this.demand(name, transposed ? [...shape].reverse() : shape);
    const own = `${full} ${first}–${first + rows}`;
    const part = [rows, ...shape.slice(1)];
    this.parts.set(own, { of: full, first, transposed, shape: part });
    return this.#use(own, part, full);
  }

  /** A weight computed from stored tensors, by their names below this prefix, under a name of its own. */
  derive(name: string, shape: Shape, of: readonly string[], compute: Derived["compute"]): Tensor {
    const own = `${this.name(name)} of ${of}`;
    this.derived.set(own, { of: of.map((one) => this.name(one)), shape, compute });
    this.used.set(own, shape);
    return weight(own, shape);
  }

  /** Stored tensors of the shape `each`, by their names below this prefix, one after the other as a weight of `shape`. */
  stack(name: string, of: readonly string[], each: Shape, shape: Shape): Tensor {
    const own = `${this.name(name)} of ${of.length}`;
    this.stacks.set(
      own,
      of.map((one) => this.demand(one, each)),
    );
    const kept = of.map((one) => this.#layouts.get(this.name(one)));
    return this.#keep(own, shape, kept[0]?.stacked(kept) ? kept[0] : undefined);
  }

  /** A tensor of one value. */
  constant(value: number, shape: Shape): Tensor {
    const name = `${value} [${shape}]`;
    this.constants.set(name, value);
    return this.#use(name, shape);
  }

  #use(name: string, shape: Shape, stored = name): Tensor {
    const transposed = this.parts.get(name)?.transposed;
    return this.#keep(name, shape, shape.length === 2 ? this.#layouts.get(stored) : undefined, transposed);
  }

  /** A weight, narrow if it may be. */
  #keep(name: string, shape: Shape, kept?: Kept, transposed = false): Tensor {
    const narrow = kept?.of(shape, transposed);
    if (narrow) this.narrow.set(name, { narrow, shape });
    this.used.set(name, narrow ? [narrow.words] : shape);
    return weight(name, shape, narrow);
  }

  /** A tensor's whole name, if there is one of that shape. A matrix may have its columns in several dimensions. */
  #fits(name: string, shape: Shape): string | undefined {
    const full = this.#prefix + name;
    const got = this.#shapes.get(full);
    if (!got) return undefined;
    const flat =
      got.length > shape.length && shape.length > 1 ? [got[0], got.slice(1).reduce((n, d) => n * d, 1)] : got;
    if (flat.length === shape.length && flat.every((n, i) => n === shape[i])) return full;
    const message = `${full} is [${got.join(", ")}], this model needs [${shape.join(", ")}]`;
    throw new RelpropError("UnexpectedShape", message, { name: full, expected: shape, got });
  }
}
