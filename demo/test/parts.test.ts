// The page's parts that need no browser, by their laws.

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { TokenRelevance } from "../../src/explain/explanation.ts";
import { methods } from "../../src/propagation/composites.ts";
import { dark, light, rgb } from "../../src/render/color.ts";
import { carry } from "../src/carry.ts";
import { Camera } from "../src/map/camera.ts";
import { linear, ramp } from "../src/map/ramp.ts";
import { fromFragment, readingPoints, toFragment } from "../src/settings.ts";

const test = suite("parts");

test("a link's fragment gives the question back, whatever the text", () => {
  const question = fc.record(
    {
      text: fc.string({ unit: "grapheme", maxLength: 60 }),
      method: fc.constantFrom(...methods.keys()),
      at: fc.constantFrom(...readingPoints),
      other: fc.constantFrom(...methods.keys()),
      target: fc.nat(99_999),
      contrast: fc.nat(99_999),
    },
    { requiredKeys: ["text", "method", "at"] },
  );
  fc.assert(
    fc.property(question, (asked) => {
      const { other, target, contrast, ...rest } = fromFragment(toFragment(asked));
      assert.equal(
        { ...rest, other, target, contrast },
        { other: undefined, target: undefined, contrast: undefined, ...asked },
      );
    }),
  );
});

test("a fragment of nonsense asks for something that there is", () => {
  fc.assert(
    fc.property(fc.string(), (fragment) => {
      const { method, at, other, target } = fromFragment(`#${fragment}`);
      assert.ok(methods.has(method) && readingPoints.some((point) => point === at) && (!other || methods.has(other)));
      assert.ok(target === undefined || Number.isInteger(target));
    }),
  );
});

test("after an edit, tokens keep their letters, their order and their relevance", () => {
  const edit = fc.record({
    text: fc.string({ unit: fc.constantFrom("a", "b", " "), maxLength: 24 }),
    from: fc.nat(24),
    length: fc.nat(6),
    put: fc.string({ unit: fc.constantFrom("a", "b", " "), maxLength: 6 }),
  });
  fc.assert(
    fc.property(edit, ({ text, from, length, put }) => {
      const tokens: TokenRelevance[] = [...text.matchAll(/[ab]+/g)].map(({ index, 0: word }, id) => {
        return { id, text: word, start: index, end: index + word.length, special: false, relevance: id };
      });
      const edited = text.slice(0, from) + put + text.slice(from + length);
      const kept = carry({ text, tokens }, edited);
      let at = 0;
      for (const { id, start, end, relevance } of kept) {
        const { start: s, end: e } = tokens[id];
        assert.is(edited.slice(start!, end!), text.slice(s!, e!));
        assert.is(relevance, tokens[id].relevance);
        assert.ok(start! >= at, "in order, without overlap");
        at = end!;
      }
      // Words beyond the edit stay, but for one at its edge: that "a " was put before "aa" and not "aa" after "a"
      // cannot be told.
      const untouched = tokens.filter(({ start, end }) => end! <= from || start! >= from + length);
      assert.ok(kept.length >= untouched.length - 1, `${kept.length} of ${untouched.length}`);
      if (edited === text) assert.is(kept, tokens);
    }),
    { numRuns: 2000 },
  );
});

test("the map's colours are the renderers', to a step of a channel", () => {
  for (const palette of [light, dark]) {
    const colors = ramp(palette);
    for (let s = -20; s <= 20; s++) {
      const encoded = [...linear(s / 20, colors)].map((x) => {
        const clamped = Math.min(Math.max(x, 0), 1);
        return 255 * (clamped <= 0.0031308 ? 12.92 * clamped : 1.055 * clamped ** (1 / 2.4) - 0.055);
      });
      rgb(s / 20, palette).forEach((channel, i) => {
        assert.ok(Math.abs(channel - encoded[i]) <= 1.01, `strength ${s / 20}: ${encoded} for ${channel}`);
      });
    }
  }
});

const maps = fc.record({
  columns: fc.integer({ min: 1, max: 600 }),
  rows: fc.integer({ min: 2, max: 30 }),
  width: fc.integer({ min: 200, max: 1400 }),
  height: fc.integer({ min: 60, max: 420 }),
  hands: fc.array(
    fc.record({ by: fc.double({ min: 0.2, max: 5, noNaN: true }), x: fc.nat(1400), y: fc.nat(420), pan: fc.boolean() }),
    { maxLength: 8 },
  ),
});

test("a map never shows what lies beyond it, and what lies under the pointer stays there", () => {
  fc.assert(
    fc.property(maps, ({ columns, rows, width, height, hands }) => {
      const camera = new Camera();
      camera.look(columns, rows, width, height);
      for (const { by, x, y, pan } of hands) {
        const before = camera.at(x % width, y % height);
        if (pan) camera.pan(x - 700, y - 210);
        else camera.zoomBy(by, x % width, y % height);
        const [left, top] = camera.at(0, 0);
        const [right, bottom] = camera.at(width, height);
        const eps = 1e-3 * columns;
        assert.ok(left > -eps && top > -eps && right < columns + eps && bottom < rows + eps, "within the map");
        const edge = left < eps || right > columns - eps || top < eps || bottom > rows - eps;
        const after = camera.at(x % width, y % height);
        if (!pan && !edge) assert.ok(Math.abs(after[0] - before[0]) < eps && Math.abs(after[1] - before[1]) < eps);
        assert.ok(camera.zoom >= 1);
      }
    }),
  );
});

test("a revealed cell is in sight", () => {
  fc.assert(
    fc.property(maps, fc.nat(), fc.nat(), ({ columns, rows, width, height }, c, r) => {
      const camera = new Camera();
      camera.look(columns, rows, width, height);
      camera.zoomBy(1e6, 0, 0);
      const [column, row] = [c % columns, r % rows];
      camera.reveal(column, row);
      const [left, top] = camera.at(0, 0);
      const [right, bottom] = camera.at(width, height);
      const eps = 1e-3 * columns;
      assert.ok(left < column + eps && right > column + 1 - eps && top < row + eps && bottom > row + 1 - eps);
    }),
  );
});

test.run();
