// Oniguruma's regular expressions as trees: alternatives, groups, sets, repetition, looking ahead and behind, and the options
// i and m. Back references, conditions and calls are refused.

import { invalid } from "./fields.ts";
import {
  any,
  CHARS,
  CLASSES,
  caseless,
  EDGES,
  type Has,
  not,
  POSIX,
  property,
  range,
  remembered,
} from "./regex_sets.ts";

export type Node =
  | { kind: "set"; has: Has }
  | { kind: "sequence" | "either"; of: Node[] }
  | { kind: "repeat"; of: Node; min: number; max: number; lazy: boolean }
  | { kind: "atomic"; of: Node }
  | { kind: "look"; of: Node; ahead: boolean; wanted: boolean }
  | { kind: "edge"; is: (text: string, at: number) => boolean };

/** Characters of a pattern, how often something may be repeated by number, and how deep groups may lie. */
const MOST = 4096;
const TIMES = 1000;
const DEEPEST = 50;

export function parse(source: string, field: string): Node {
  const fail = (what: string) => invalid(field, `is a regular expression ${what}`);
  if (source.length > MOST) throw fail(`of ${source.length} characters; ${MOST} are allowed`);
  let at = 0;
  let depth = 0;
  const eat = (text: string): boolean => {
    if (!source.startsWith(text, at)) return false;
    at += text.length;
    return true;
  };
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(source);
    if (found) at = pattern.lastIndex;
    return found;
  };
  const set = (has: Has, { i }: Options): Node => ({ kind: "set", has: remembered(i ? caseless(has) : has) });

  interface Options {
    i: boolean;
    m: boolean;
  }

  const either = (given: Options): Node => {
    if (++depth > DEEPEST) throw fail(`with groups nested ${depth} deep; at most ${DEEPEST} are allowed`);
    let options = given;
    const all: Node[] = [];
    let part: Node[] = [];
    const close = () => all.push({ kind: "sequence", of: part });
    while (at < source.length && source[at] !== ")") {
      if (eat("|")) {
        close();
        part = [];
        continue;
      }
      const change = take(/\(\?([im]*)(?:-([im]+))?\)/y);
      if (change) {
        options = changed(options, change[1], change[2]);
        // It holds to the end of the group, alternatives included.
        part.push(either(options));
        break;
      }
      part.push(times(atom(options)));
    }
    close();
    depth--;
    return all.length === 1 ? all[0] : { kind: "either", of: all };
  };

  const changed = (options: Options, on: string, off = ""): Options => ({
    i: (options.i || on.includes("i")) && !off.includes("i"),
    m: (options.m || on.includes("m")) && !off.includes("m"),
  });

  const times = (node: Node): Node => {
    for (let of = node; ; ) {
      const found = take(/([*+?])([+?]?)|\{(?:(\d+)(?:(,)(\d*))?|,(\d+))\}(\??)/y);
      if (!found) return of;
      const [, sign, mode, least, comma, most, upTo, lazy] = found;
      const [min, max] = sign
        ? [sign === "+" ? 1 : 0, sign === "?" ? 1 : Number.POSITIVE_INFINITY]
        : upTo !== undefined
          ? [0, Number(upTo)]
          : [Number(least), comma ? (most ? Number(most) : Number.POSITIVE_INFINITY) : Number(least)];
      if (min > max || min > TIMES || (max > TIMES && max !== Number.POSITIVE_INFINITY))
        throw fail(`that repeats more than ${TIMES} times`);
      of = { kind: "repeat", of, min, max, lazy: mode === "?" || lazy === "?" };
      if (mode === "+") of = { kind: "atomic", of };
    }
  };

  const atom = (options: Options): Node => {
    if (source[at] === "(") return group(options);
    if (eat("[")) return set(bracket(), options);
    if (eat(".")) return set(options.m ? () => true : not(range(10)), options);
    if (eat("^")) return { kind: "edge", is: (text, i) => i === 0 || text[i - 1] === "\n" };
    if (eat("$")) return { kind: "edge", is: (text, i) => i === text.length || text[i] === "\n" };
    if (source[at] === "\\") {
      const edge = take(/\\([bBAzZ])/y);
      if (edge) return { kind: "edge", is: EDGES[edge[1]] };
      return set(escaped(), options);
    }
    const code = source.codePointAt(at)!;
    if ("*+?".includes(source[at])) throw fail("that repeats nothing");
    at += code > 0xffff ? 2 : 1;
    return set(range(code), options);
  };

  const group = (options: Options): Node => {
    const found = take(/\((?:\?(?:([:>=!]|<[=!])|([im]*)(?:-([im]+))?:|<[A-Za-z_]\w*>))?/y);
    if (!found) throw fail(`with an unknown group at ${at}`);
    const [opening, kind, on, off] = found;
    if (opening === "(" && source[at] === "?") throw fail(`with an unknown group at ${at}`);
    const of = either(on === undefined ? options : changed(options, on, off));
    if (!eat(")")) throw fail("with a group that does not end");
    if (kind === ">") return { kind: "atomic", of };
    if (kind && kind !== ":") return { kind: "look", of, ahead: kind.length === 1, wanted: kind.endsWith("=") };
    return of;
  };

  const escaped = (): Has => {
    const known = take(/\\([sSdDwWhH])/y);
    if (known) return CLASSES[known[1]];
    const names = take(/\\([pP])\{(\^?)([\w ]{1,40})\}/y);
    if (names) {
      const has = byName(names[3]);
      return (names[1] === "P") !== (names[2] === "^") ? not(has) : has;
    }
    return range(char());
  };

  /** A character that is written with a backslash, or as it is. */
  const char = (): number => {
    const hex = take(/\\(?:x\{([0-9A-Fa-f]{1,6})\}|x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{4}))/y);
    if (hex) return Math.min(0x10ffff, Number.parseInt(hex[1] ?? hex[2] ?? hex[3], 16));
    const short = take(/\\([nrtfvae])/y);
    if (short) return CHARS[short[1]];
    if (eat("\\")) {
      if (/[0-9A-Za-z]/.test(source[at] ?? "a")) throw fail(`with an unknown escape at ${at}`);
    }
    const code = source.codePointAt(at);
    if (code === undefined) throw fail("that ends too early");
    at += code > 0xffff ? 2 : 1;
    return code;
  };

  const byName = (name: string): Has => {
    const posix = name.toLowerCase();
    if (Object.hasOwn(POSIX, posix)) return POSIX[posix];
    for (const wanted of [name, `Script=${name}`, `Script=${name[0].toUpperCase()}${name.slice(1).toLowerCase()}`]) {
      try {
        return property(`\\p{${wanted}}`);
      } catch {
        // another way to write it
      }
    }
    throw fail(`with an unknown property ${name}`);
  };

  const bracket = (): Has => {
    if (++depth > DEEPEST) throw fail(`with brackets nested ${depth} deep; at most ${DEEPEST} are allowed`);
    const negative = eat("^");
    const all: Has[] = [];
    for (let first = true; ; first = false) {
      if (at >= source.length) throw fail("with a bracket that does not end");
      if (!first && eat("]")) break;
      const posix = take(/\[:(\^?)([a-z]+):\]/y);
      if (posix && Object.hasOwn(POSIX, posix[2])) {
        all.push(posix[1] ? not(POSIX[posix[2]]) : POSIX[posix[2]]);
        continue;
      }
      if (source.startsWith("&&", at)) throw fail("with && in brackets");
      if (eat("[")) {
        all.push(bracket());
        continue;
      }
      const word = take(/\\([wW])/y);
      if (word) {
        all.push(word[1] === "w" ? POSIX.word : not(POSIX.word));
        continue;
      }
      if (/^\\[sSdDhHpP]/.test(source.slice(at, at + 2))) {
        all.push(escaped());
        continue;
      }
      const from = char();
      const ranged = /^-[^\][]/.test(source.slice(at, at + 2)) && !/^-\\[sSdDwWhHpP]/.test(source.slice(at, at + 3));
      if (!ranged) {
        all.push(range(from));
        continue;
      }
      at++;
      const end = char();
      if (end < from) throw fail("with a range that runs backwards");
      all.push(range(from, end));
    }
    depth--;
    const has = any(...all);
    return negative ? not(has) : has;
  };

  const tree = either({ i: false, m: false });
  if (at < source.length) throw fail("with a group that ends before it begins");
  return tree;
}
