// Chat templates come with a model's files and are programs: they run in @huggingface/jinja's interpreter; its every step is
// paid for here. A template that loops, doubles texts or nests lists without end is refused. What the library does otherwise than
// Jinja2 and templates rely on is mended: strip() with the characters that it strips.

import { RelpropError } from "../../errors.ts";

/** A value of the interpreter's. */
export interface Value {
  type: string;
  value: unknown;
}

interface Node {
  type: string;
  [field: string]: unknown;
}

interface Scope {
  set(name: string, value: unknown): unknown;
}

interface Interpreter {
  run(program: Node): Value;
  evaluate(node: Node | undefined, scope: Scope): Value;
  applyFilter(operand: Value, filter: Node, scope: Scope): Value;
  evaluateMemberExpression(node: Node, scope: Scope): Value;
  evaluateBinaryExpression(node: Node, scope: Scope): Value;
}

/** What is used of @huggingface/jinja. */
export interface Jinja {
  Environment: new () => Scope;
  Interpreter: new (scope: Scope) => Interpreter;
  tokenize(source: string, options: object): unknown;
  parse(tokens: unknown): Node;
}

/** Whether a module has all of it. */
export function isJinja(module: unknown): module is Jinja {
  const { Environment, Interpreter, tokenize, parse } = (module ?? {}) as Partial<Jinja>;
  if (![Environment, Interpreter, tokenize, parse].every((one) => typeof one === "function")) return false;
  const own = Interpreter!.prototype as Partial<Interpreter>;
  const { evaluate, applyFilter, evaluateMemberExpression, evaluateBinaryExpression } = own;
  return [evaluate, applyFilter, evaluateMemberExpression, evaluateBinaryExpression].every(Boolean);
}

/** What a template may do. */
export interface Budget {
  steps: number;
  /** UTF-16 units of one text. */
  units: number;
}

const DEEPEST = 256; // expressions in one another, macros that call one another included
const DEEPEST_VALUE = 64; // lists in one another

const spent = (what: string) => new RelpropError("LimitExceeded", `the chat template ${what}`, {});

/** A value that was computed already, as an expression. */
const held = (value: Value): Node => ({ type: "Held", value });

/** An interpreter, as what it makes of a program. */
export function metered({ Interpreter: Base }: Jinja, scope: Scope, budget: Budget): Pick<Interpreter, "run"> {
  const sizes = new WeakMap<object, Size>();
  let depth = 0;

  const spend = (steps: number) => {
    budget.steps -= steps;
    if (budget.steps < 0) throw spent("takes more steps than any that is published");
  };

  /** How much there is of a value, what is shared counted where it is. Namespaces change, and may hold themselves. */
  const size = ({ type, value }: Value, level = 0): Size => {
    if (level > DEEPEST_VALUE) throw spent(`puts lists in one another, more than ${DEEPEST_VALUE} deep`);
    if (typeof value === "string") {
      if (value.length > budget.units) throw spent(`makes a text of ${value.length} characters`);
      return { weight: 1 + value.length / 16, depth: 0, fixed: true };
    }
    const list = Array.isArray(value) ? value : value instanceof Map ? [...value.values()] : undefined;
    if (!list) return { weight: 1, depth: 0, fixed: true };
    const known = sizes.get(value as object);
    if (known) return known;
    spend(1 + list.length / 16);
    const all: Size = { weight: 1, depth: 0, fixed: type !== "NamespaceValue" };
    for (const one of list as Value[]) {
      const own = size(one, level + 1);
      all.weight += own.weight;
      all.depth = Math.max(all.depth, own.depth + 1);
      all.fixed &&= own.fixed;
    }
    if (all.fixed) sizes.set(value as object, all);
    return all;
  };

  class Metered extends Base {
    override evaluate(node: Node | undefined, scope: Scope): Value {
      if (node?.type === "Held") return node.value as Value;
      if (++depth > DEEPEST) throw spent(`is nested, or calls itself, more than ${DEEPEST} deep`);
      try {
        const value = super.evaluate(node, scope);
        spend(1 + size(value).weight / 4 + (value.type === "UndefinedValue" ? 8 : 0));
        return value;
      } finally {
        depth--;
      }
    }

    override applyFilter(operand: Value, filter: Node, scope: Scope): Value {
      if (filter.value === "trim" && operand.type === "StringValue") return strip(operand, "strip");
      const name = (filter.callee as Node | undefined)?.value as string;
      if (!["indent", "join", "replace", "tojson"].includes(name)) return super.applyFilter(operand, filter, scope);
      // Their work is that of the operand, times what they put into it.
      const { weight, depth } = size(operand);
      const args = (filter.args as Node[]).map((arg) => {
        const inner = arg.type === "KeywordArgumentExpression" ? (arg.value as Node) : arg;
        if (inner.type.includes("Spread")) throw spent(`spreads a list over the arguments of ${name}`);
        const value = this.evaluate(inner, scope);
        spend(weight * inserted(value) * (name === "tojson" ? 1 + depth : 1));
        return inner === arg ? held(value) : { ...arg, value: held(value) };
      });
      return super.applyFilter(operand, { ...filter, args }, scope);
    }

    override evaluateMemberExpression(node: Node, scope: Scope): Value {
      const object = this.evaluate(node.object as Node, scope);
      const member = super.evaluateMemberExpression({ ...node, object: held(object) }, scope);
      if (member.type !== "FunctionValue" || object.type === "NamespaceValue") return member;
      const call = member.value as (args: Value[], scope: Scope) => Value;
      const name = (node.property as Node).value as string;
      const { weight } = size(object);
      return like(member, (args: Value[], scope: Scope) => {
        for (const arg of args) spend(weight * inserted(arg));
        return /^[lr]?strip$/.test(name) ? strip(object, name, args[0]) : call(args, scope);
      });
    }

    override evaluateBinaryExpression(node: Node, scope: Scope): Value {
      if (!/^(not )?in$/.test(String((node.operator as Node).value)))
        return super.evaluateBinaryExpression(node, scope);
      const [left, right] = [node.left, node.right].map((side) => this.evaluate(side as Node, scope));
      if (typeof left.value === "string") spend(size(right).weight * (left.value.length / 4));
      return super.evaluateBinaryExpression({ ...node, left: held(left), right: held(right) }, scope);
    }
  }
  return new Metered(scope);
}

interface Size {
  /** Of values in it, and of each 16 units of texts. */
  weight: number;
  depth: number;
  /** Whether it stays as it is. */
  fixed: boolean;
}

/** How much longer a text may get by this argument, wherever it is put in. */
function inserted({ value }: Value): number {
  if (typeof value === "string") return value.length;
  if (typeof value === "number") return Math.abs(value);
  return Array.isArray(value) ? value.reduce((n: number, one: Value) => n + inserted(one), 0) : 1;
}

/** Another value of the same class. */
const like = (value: Value, own: unknown): Value => new (value.constructor as new (own: unknown) => Value)(own);

/** What Python's str.strip() takes for white space; JavaScript's trim() takes U+FEFF too, and leaves some of these. */
const SPACE =
  "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000";

/** Python's strip(), lstrip() and rstrip(). */
function strip(operand: Value, name: string, chars?: Value): Value {
  const text = operand.value as string;
  const gone = new Set(typeof chars?.value === "string" ? chars.value : SPACE);
  let [from, to] = [0, text.length];
  if (name !== "rstrip") while (from < to && gone.has(text[from])) from++;
  if (name !== "lstrip") while (to > from && gone.has(text[to - 1])) to--;
  return like(operand, text.slice(from, to));
}
