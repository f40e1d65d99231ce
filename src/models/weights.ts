import { RelpropError } from "../errors.ts";
import { type Shape, type Tensor, weight } from "../tensor.ts";

/** A checkpoint's tensors by name, seen from a prefix. Remembers which were asked for: those are what a model loads. */
export class Weights {
  readonly #shapes: ReadonlyMap<string, Shape>;
  readonly #prefix: string;
  readonly #used: Map<string, Shape>;

  constructor(shapes: ReadonlyMap<string, Shape>, prefix = "", used = new Map<string, Shape>()) {
    this.#shapes = shapes;
    this.#prefix = prefix;
    this.#used = used;
  }

  /** Of the tensors asked for, those that no checkpoint has: the one value of each. */
  readonly constants = new Map<string, number>();

  /** Names of the tensors asked for so far, from any prefix. */
  get used(): ReadonlyMap<string, Shape> {
    return this.#used;
  }

  at(path: string): Weights {
    return new Weights(this.#shapes, `${this.#prefix}${path}.`, this.#used);
  }

  /** The shape of a tensor, if the checkpoint has it; asking for a shape loads nothing. */
  shape(name: string): Shape | undefined {
    return this.#shapes.get(this.#prefix + name);
  }

  find(name: string, shape: Shape): Tensor | undefined {
    const full = this.#prefix + name;
    const got = this.#shapes.get(full);
    if (!got) return undefined;
    if (got.length !== shape.length || got.some((n, i) => n !== shape[i])) {
      const message = `${full} is [${got.join(", ")}], this model needs [${shape.join(", ")}]`;
      throw new RelpropError("UnexpectedShape", message, { name: full, expected: shape, got });
    }
    this.#used.set(full, shape);
    return weight(full, shape);
  }

  /** A tensor of one value. To be asked of the whole checkpoint, not from a prefix. */
  constant(value: number, shape: Shape): Tensor {
    const name = `${value} [${shape}]`;
    this.constants.set(name, value);
    this.#used.set(name, shape);
    return weight(name, shape);
  }

  get(name: string, shape: Shape): Tensor {
    const found = this.find(name, shape);
    if (found) return found;
    const full = this.#prefix + name;
    throw new RelpropError("MissingTensor", `the checkpoint has no ${full}`, { name: full });
  }
}
