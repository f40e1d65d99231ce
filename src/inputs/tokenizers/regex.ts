// Regular expressions of tokenizer.json, which are Oniguruma's, read into a tree (regex_parser.ts) and matched here, by trying
// and going back. JavaScript's own have another dialect, and a hostile one would hang: here a text has so many steps.

import { RelpropError } from "../../errors.ts";
import type { Match } from "./aligned.ts";
import { type Budget, budget, spend } from "./budget.ts";
import { type Node, parse } from "./regex_parser.ts";

/** Finds what a pattern matches, from the left, one after the other. */
export type Finder = (text: string, budget: Budget) => Iterable<Match>;

/** How deep repeated groups may go; the stack ends at some thousands. */
const DEEPEST = 500;

/** Where a match ends that goes on from here, −1 if there is none. */
type Go = (at: number) => number;

export function regex(source: string, field: string): (text: string, budget?: Budget) => Iterable<Match> {
  const tree = parse(source, field);
  let text = "";
  let paying = budget(0);
  let left = 0;
  let depth = 0;
  const step = () => {
    if (--left < 0) spend(paying, paying.steps + 1, field);
  };

  /** One character that matches, if nothing else could: where it ends. */
  const single = (node: Node): Go | undefined => {
    if (node.kind === "set") {
      return (at) => {
        step();
        if (at >= text.length) return -1;
        const code = text.codePointAt(at)!;
        return node.has(code) ? at + (code > 0xffff ? 2 : 1) : -1;
      };
    }
    if (node.kind === "sequence" && node.of.length === 1) return single(node.of[0]);
    if (node.kind === "sequence" && node.of.filter(({ kind }) => kind === "set").length === 1) {
      if (!node.of.every(({ kind }) => kind === "set" || kind === "look" || kind === "edge")) return undefined;
      return build(node, (at) => at);
    }
    return undefined;
  };

  const build = (node: Node, next: Go): Go => {
    switch (node.kind) {
      case "set": {
        const one = single(node)!;
        return (at) => {
          const to = one(at);
          return to < 0 ? -1 : next(to);
        };
      }
      case "sequence":
        return node.of.reduceRight((after, one) => build(one, after), next);
      case "either": {
        const options = node.of.map((one) => build(one, next));
        return (at) => {
          for (const option of options) {
            const to = option(at);
            if (to >= 0) return to;
          }
          return -1;
        };
      }
      case "edge":
        return (at) => (node.is(text, at) ? next(at) : -1);
      case "look": {
        const inside = node.ahead ? build(node.of, (at) => at) : behind(node.of);
        return (at) => (inside(at) >= 0 === node.wanted ? next(at) : -1);
      }
      case "atomic": {
        const inside = build(node.of, (at) => at);
        return (at) => {
          const to = inside(at);
          return to < 0 ? -1 : next(to);
        };
      }
      case "repeat": {
        const one = single(node.of);
        return one ? repeated(one, node, next) : loop(node, next);
      }
    }
  };

  /** Lookbehind is of so many characters. */
  const behind = (node: Node): Go => {
    const inside = build(node, (at) => at);
    return (at) => {
      for (let from = at; from >= 0 && at - from <= 64; from--) {
        step();
        if (inside(from) === at) return at;
      }
      return -1;
    };
  };

  const repeated = (one: Go, { min, max, lazy }: Node & { kind: "repeat" }, next: Go): Go => {
    if (lazy) {
      return (at) => {
        for (let n = 0; ; n++) {
          const to = n >= min ? next(at) : -1;
          if (to >= 0) return to;
          if (n >= max) return -1;
          at = one(at);
          if (at < 0) return -1;
        }
      };
    }
    return (at) => {
      let [n, to] = [0, at];
      for (let more = n < max ? one(to) : -1; more >= 0; more = n < max ? one(to) : -1) {
        to = more;
        n++;
      }
      for (; n >= min; n--) {
        step();
        const end = next(to);
        if (end >= 0) return end;
        to -= (text.charCodeAt(to - 1) & 0xfc00) === 0xdc00 && (text.charCodeAt(to - 2) & 0xfc00) === 0xd800 ? 2 : 1;
      }
      return -1;
    };
  };

  /** A repeated group: each turn is one within the other. */
  const loop = ({ of, min, max, lazy }: Node & { kind: "repeat" }, next: Go): Go => {
    let [turn, start] = [0, -1];
    const again: Go = (at) => {
      if (at === start && turn > min) return -1; // a turn that matches nothing would go on for ever
      return go(at);
    };
    const body = build(of, again);
    const go: Go = (at) => {
      step();
      const [n, from] = [turn, start];
      const more = () => {
        if (n >= max) return -1;
        if (++depth > DEEPEST) {
          const message = `the regular expression in the tokenizer's ${field} repeats a group more than ${DEEPEST} times`;
          throw new RelpropError("LimitExceeded", message, { field });
        }
        [turn, start] = [n + 1, at];
        const to = body(at);
        [turn, start] = [n, from];
        depth--;
        return to;
      };
      const on = () => {
        if (n < min) return -1;
        [turn, start] = [0, -1];
        const to = next(at);
        [turn, start] = [n, from];
        return to;
      };
      const to = lazy ? on() : more();
      return to >= 0 ? to : lazy ? more() : on();
    };
    return (at) => {
      const [n, from] = [turn, start];
      [turn, start] = [0, -1];
      const to = go(at);
      [turn, start] = [n, from];
      return to;
    };
  };

  const match = build(tree, (at) => at);
  return (given, from = budget(given.length)) => {
    const found: Match[] = [];
    text = given;
    paying = from;
    left = from.steps;
    depth = 0;
    for (let at = 0, last = -1; at <= text.length; ) {
      const to = match(at);
      if (to >= 0 && !(to === at && at === last)) {
        found.push({ index: at, 0: text.slice(at, to) });
        last = to;
      }
      at = to > at ? to : at + ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1);
    }
    from.steps = left;
    return found;
  };
}
