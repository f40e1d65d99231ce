// The renderers: what they say, what they do with awkward text, and that strangers' strings stay text.

import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { heatmapHtml } from "../src/element/view.ts";
import { RelpropError } from "../src/errors.ts";
import type { Explanation, TokenRelevance } from "../src/explain/explanation.ts";
import { segmented } from "../src/inputs/segments.ts";
import { ansi } from "../src/render/ansi.ts";
import { asRead } from "../src/render/bidi.ts";
import { dark, hex, light } from "../src/render/color.ts";
import { fragment, segments } from "../src/render/fragment.ts";
import { html } from "../src/render/html.ts";
import { slice, slices, wrap } from "../src/render/layout.ts";
import { png } from "../src/render/overlay.ts";
import { svg } from "../src/render/svg.ts";
import { numbers, percent, visible } from "../src/render/text.ts";
import { payloads } from "./payloads.ts";
import {
  all,
  checkAnsi,
  checkFragment,
  checkHtml,
  checkSvg,
  content,
  figure,
  heatmap,
  letters,
  only,
  parse,
  walk,
} from "./render-oracles.ts";
import { random } from "./support.ts";

// Explanations by hand

type Piece = [text: string, relevance: number, start?: number | null, end?: number | null];

function explain(text: string, pieces: Piece[], more: Partial<Explanation> = {}): Explanation {
  const tokens = pieces.map(([text, relevance, start = null, end = null], id) => {
    return { id, text, start, end, special: start === null, relevance } as TokenRelevance;
  });
  const sum = tokens.reduce((total, { relevance }) => total + relevance, 0);
  const none = { norms: 0, constants: 0, positions: 0, softmax: 0, products: 0, activations: 0, epsilon: 0 };
  const positive = { index: 1, label: "positive", logit: sum - 0.5, probability: 0.98 };
  const negative = { index: 0, label: "negative", logit: -1, probability: 0.02 };
  return {
    text,
    model: "a model",
    method: "cp-lrp",
    composite: {},
    at: "embeddings",
    backend: "wasm",
    target: positive,
    classes: [negative, positive],
    tokens,
    ledger: { logit: sum - 0.5, tokens: sum, biases: -0.5, ...none, residual: 1e-8 },
    warnings: [],
    ...more,
  };
}

const movie = explain("A gorgeous, witty movie.", [
  ["[CLS]", 0.25],
  ["a", 0.125, 0, 1],
  ["gorgeous", 1.5, 2, 10],
  [",", -0.0625, 10, 11],
  ["witty", 0.75, 12, 17],
  ["movie", -0.5, 18, 23],
  [".", 0, 23, 24],
  ["[SEP]", -0.125],
]);

const negative = { index: 0, label: "negative", logit: -2, probability: 0.004 };

// What is said

test("terminal, without colour", () => {
  const lines = ansi(movie, { color: "none", width: 60 }).split("\n");
  assert.is(lines[0], "positive: 98.0 %, logit 1.438");
  assert.is(lines[2], movie.text);
  assert.is(lines[4], "[CLS] +0.250  [SEP] −0.125");
  assert.is(lines[6], "  gorgeous  +1.500         │███████████████████");
  assert.is(lines[8], "  movie     −0.500  ▐██████│");
  assert.equal(lines.slice(15, 20), [
    "  tokens        +1.938",
    "  biases        −0.500",
    "  residual     +1.0e−8",
    "  ────────────────────",
    "  logit          1.438",
  ]);
  assert.not.ok(
    lines.some((line) => line.startsWith("  norms")),
    "entries of zero are left out",
  );
  assert.ok(lines.includes("read at  embeddings"));
});

test("a contrast is a difference of two classes", () => {
  const contrast = explain(movie.text, [], { contrast: negative, ledger: { ...movie.ledger, logit: 3.25 } });
  assert.match(ansi(contrast, { color: "none" }), "positive minus negative: +3.250\npositive: 98.0 %");
  assert.is(content(all(checkHtml(contrast), "h1")[0]!), "positive minus negative +3.250");
  assert.match(content(checkSvg(contrast)), "positive\u00a0minus\u00a0negative");
});

test("page: every token has its number on hover and in the table", () => {
  const page = checkHtml({ ...movie, warnings: ["cut at 512 tokens"] }, "tokens");
  const marks = all(page, "mark").map((node) => [content(node), node.attributes.get("title")]);
  assert.equal(marks.slice(0, 3), [
    ["A", "+0.125"],
    ["gorgeous", "+1.500"],
    [",", "−0.063"],
  ]);
  const rows = all(only(page, "table", "id", "tokens"), "tr").slice(1);
  assert.equal(
    rows.map((row) => content(row)),
    movie.tokens.map(({ text, relevance }, i) => `${i + 1}${text}${numbers([1.9])(relevance, "+")}`),
  );
  assert.is(content(only(page, "p", "class", "warning")), "cut at 512 tokens");
  assert.match(content(only(page, "p", "class", "faint special")), "[CLS] +0.250");
});

const unbelievable = explain(
  "Unbelievably bad, don't!",
  [
    ["[CLS]", 0.25],
    ["un", 1, 0, 2],
    ["##believ", -0.25, 2, 8],
    ["##ably", 0.5, 8, 12],
    [" bad", -2, 12, 16],
    [",", 0.125, 16, 17],
    ["don", 0.25, 18, 21],
    ["'t", -1, 21, 23],
    ["!", 0, 23, 24],
  ],
  {
    groups: {
      spans: [{ text: "Unbelievably bad", start: 0, end: 16, relevance: -0.75, tokens: [1, 2, 3, 4] }],
      rest: 0,
    },
  },
);

test("words are whole by default, tokens and groups on request; each has the sum of its tokens", () => {
  const runs = (by?: "words" | "tokens" | "groups") =>
    segments(unbelievable, { by }).flatMap(({ text, relevance, tokens }) =>
      tokens.length ? [[text, relevance, tokens]] : [],
    );
  const words = [
    ["Unbelievably", 1.25, [1, 2, 3]],
    ["bad", -2, [4]],
    [",", 0.125, [5]],
    ["don't", -0.75, [6, 7]],
    ["!", 0, [8]],
  ];
  assert.equal(runs(), words);
  assert.equal(
    runs("tokens").map(([text]) => text),
    ["Un", "believ", "ably", " bad", ",", "don", "'t", "!"],
  );
  assert.equal(runs("groups"), [["Unbelievably bad", -0.75, [1, 2, 3, 4]]]);
  assert.throws(() => segments(movie, { by: "groups" }), /needs an explanation with groups/);

  const page = checkHtml(unbelievable);
  assert.equal(
    all(page, "mark").map((node) => [content(node), node.attributes.get("title")]),
    [
      ["Unbelievably", "+1.250 = un +1.000, ##believ −0.250, ##ably +0.500"],
      ["bad", "−2.000"],
      [",", "+0.125"],
      ["don't", "−0.750 = don +0.250, 't −1.000"],
      ["!", "0.000"],
    ],
  );
  assert.equal(
    all(only(page, "table", "id", "tokens"), "tr")
      .slice(1, 4)
      .map(content),
    ["1[CLS]+0.250", "2Unbelievably+1.250", "3bad−2.000"],
  );
  assert.match(ansi(unbelievable, { color: "none" }), /\n {2}Unbelievably +\+1\.250/);
  assert.match(ansi(unbelievable, { color: "none", by: "tokens" }), /\n {2}##believ +−0\.250/);
});

test("segments have a colour of their own, the strongest the palette's end; a fragment has the same as classes", () => {
  const runs = segments(unbelievable);
  assert.is(runs.find(({ text }) => text === "bad")!.strength, -1);
  assert.is(runs.find(({ text }) => text === "bad")!.color, hex(-1, light));
  assert.is(segments(unbelievable, { theme: "dark" })[0].color, hex(0.625, dark));
  assert.equal([runs[1].text, runs[1].color, runs[1].relevance], [" ", "transparent", 0]);
  const marks = all(checkFragment(unbelievable), "mark").map((node) => node.attributes.get("class"));
  assert.equal(marks.slice(0, 3), [
    "relprop-token relprop-for relprop-13",
    "relprop-token relprop-against relprop-20",
    "relprop-token relprop-for relprop-1",
  ]);
  assert.match(fragment(unbelievable), "against positive −2.000");
  assert.not.match(fragment(unbelievable, { legend: false, caption: "<b>" }), /against positive|<b>/);
  const nothing = explain("", [["[CLS]", 0.5]]);
  for (const said of [
    fragment(nothing),
    html(nothing),
    ansi(nothing),
    content(checkSvg(nothing)).replaceAll("\u00a0", " "),
  ])
    assert.match(said, "The text is empty.");
});

test("the element as HTML has its options as attributes, and refuses what is no explanation by a code", () => {
  const said = heatmapHtml(movie, { by: "tokens", legend: false, caption: '<"b">' });
  assert.match(said, /^<relprop-heatmap by="tokens" legend="false" caption="&#60;&#34;b&#34;&#62;"><template /);
  assert.is(JSON.stringify(JSON.parse(/json">(.*)<\/script>/.exec(said)![1])), JSON.stringify(movie));
  const coded = (code: string) => (error: unknown) => error instanceof RelpropError && error.code === code;
  const cyclic = { ...movie, warnings: [] as unknown[] };
  cyclic.warnings.push(cyclic);
  for (const wrong of [undefined, {}, cyclic]) assert.throws(() => heatmapHtml(wrong as never), coded("InvalidInput"));
  assert.throws(() => heatmapHtml(movie, { by: "letters" as never }), coded("InvalidOption"));
});

test("a page without a stylesheet within it names one, and has no inline styles", () => {
  const page = html(unbelievable, { stylesheet: "/page.css" });
  assert.match(page, '<link rel="stylesheet" href="/page.css"/>');
  assert.not.match(page + html(movie), / style="/);
  assert.not.match(page, /<style|unsafe-inline/);
});

test("figure: slices stand side by side and inside", () => {
  const long = explain(
    "so 最高の ".repeat(40),
    [...Array(40).keys()].map((i) => ["so", i - 20, 7 * i, 7 * i + 5] as Piece),
  );
  const root = checkSvg(long);
  const width = Number(all(root, "svg")[0]!.attributes.get("width"));
  const rows = new Map<string, number>();
  for (const { attributes } of all(only(root, "g", "text-anchor", "middle"), "text")) {
    const [x, y, length] = ["x", "y", "textLength"].map((name) => attributes.get(name)!);
    const left = Number(x) - Number(length) / 2;
    assert.ok(Math.abs(left - (rows.get(y!) ?? 28)) < 0.05, `${left} on line ${y}`);
    rows.set(y!, left + Number(length));
    assert.ok(rows.get(y!)! <= width - 28 + 0.05);
  }
  assert.is(rows.size, 6);
});

test("numbers: four digits of the largest, aligned, never not a number", () => {
  const number = numbers([-12.5, 0.25]);
  assert.equal([number(-12.5), number(0.25, "+"), number(-0), number(2e-9)], ["−12.50", "+0.25", "0.00", "2.0e−9"]);
  assert.is(numbers([1e300])(1e300), "1.0e+300");
  assert.is(numbers([0])(0, "+"), "0.000");
  assert.equal([1, 0.99999, 0.5, 1e-9, 0].map(percent), ["100.0 %", "> 99.9 %", "50.0 %", "< 0.1 %", "0.0 %"]);
  for (const draw of [ansi, html, svg]) {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, "<b>" as unknown as number]) {
      for (const broken of [
        { ...movie, tokens: [{ ...movie.tokens[0]!, relevance: bad }] },
        { ...movie, target: { ...movie.target, probability: bad } },
        { ...movie, target: { ...movie.target, logit: bad } },
        { ...movie, ledger: { ...movie.ledger, softmax: bad } },
        { ...movie, contrast: { ...negative, probability: bad } },
      ]) {
        assert.throws(
          () => draw(broken),
          (error: unknown) => error instanceof RelpropError && error.code === "NonFiniteResult",
        );
      }
    }
  }
});

test("what is explained is a name like any other: escaped, in its columns, and no property of every object", () => {
  const cosine = explain(movie.text, [["good", 0.5, 0, 4]], {
    explained: { objective: "cosine", value: 0.5, other: "x" },
  });
  assert.match(content(all(checkHtml(cosine), "h2")[0]!), "Where the cosine's gradient · embedding went");
  checkAnsi(cosine, 32);
  for (const name of ["constructor", "toString", "__proto__"]) {
    const odd = { ...cosine, explained: { objective: name, value: 0.5, other: "x" } };
    assert.is(content(all(checkHtml(odd), "h1")[0]!), `${name} “x” 0.5000`);
    assert.match(content(all(checkHtml(odd), "h2")[0]!), "Where the logit went");
  }
});

test("an image's numbers are finite, its cells as many as it says, its sides no larger than an image's", () => {
  const image = {
    width: 4,
    height: 2,
    box: { x: 0, y: 0, width: 4, height: 2 },
    size: [4, 2] as const,
    rows: 1,
    cols: 2,
  };
  const pieces: Piece[] = [
    ["1,1", 1],
    ["1,2", -1],
  ];
  const seen = explain("", pieces, { image });
  for (const draw of [html, svg, ansi, png]) assert.ok(draw(seen).length);
  assert.throws(() => heatmapHtml(seen), /^heatmapHtml\(\) needs an explanation of a text; this one is of an image/);
  const pixels = [1, 2, 3, 4, 5, 6, 7, 8];
  const odd: [Explanation["image"], string][] = [
    [{ ...image, pixels: [...pixels.slice(1), Number.NaN] }, "NonFiniteResult"],
    [{ ...image, pixels: pixels.slice(1) }, "InvalidInput"],
    [{ ...image, rows: 2 ** 15, cols: 2 ** 15 }, "InvalidInput"],
    [{ ...image, width: 2 ** 30 }, "InvalidInput"],
    [{ ...image, height: -1 }, "InvalidInput"],
    [{ ...image, box: { ...image.box, x: Number.POSITIVE_INFINITY } }, "InvalidInput"],
  ];
  for (const [forged, code] of odd)
    for (const draw of [html, svg, ansi, png])
      assert.throws(
        () => draw({ ...seen, image: forged }),
        (error: unknown) => error instanceof RelpropError && error.code === code,
      );
});

// Text

test("every character that acts instead of being seen gets a mark, and no other", () => {
  const ranges = [
    [0, 0x1f],
    [0x7f, 0x9f],
    [0x61c, 0x61c],
    [0x200e, 0x200f],
    [0x2028, 0x202e],
    [0x2066, 0x2069],
    [0xd800, 0xdfff],
    [0xfeff, 0xfeff],
    [0xe0000, 0xe007f],
  ];
  for (const [first, last] of ranges) {
    for (let code = first!; code <= last!; code++) {
      assert.match(visible(String.fromCodePoint(code)), /^[\u2400-\u2421↵⇥\ufffd]$/, code.toString(16));
    }
  }
  const kept = "Aé\u0301\u00a0\u00ad\u200b\u200c\u200d–…中ا🙂\ufe0f\u{1f3fd}\u{e0100}";
  assert.is(visible(kept), kept);
});

test("slices: tokens that share a character share a slice and add up", () => {
  const family = "a 👩‍👩‍👧 cafe\u0301!";
  const cut = slices(
    explain(family, [
      ["👩", 0.5, 2, 4],
      ["👩", -0.25, 5, 7],
      ["👧", 1, 8, 10],
      ["cafe", 2, 11, 15],
      ["?", 1, 90, 99],
      ["?", 1, 3, 3],
      ["?", 1, 0.5, 2],
    ]),
    "tokens",
  );
  assert.equal(
    cut.map(({ text, relevance, tokens }) => [text, relevance, tokens.length]),
    [
      ["a ", 0, 0],
      ["👩‍👩‍👧", 1.25, 3],
      [" ", 0, 0],
      ["cafe\u0301", 2, 1],
      ["!", 0, 0],
    ],
  );
});

test("slices: overlapping tokens share all they cover", () => {
  const nested = explain("abcdefgh", [
    ["a", 1, 0, 6],
    ["b", 1, 2, 3],
    ["c", 1, 5, 7],
    ["d", 1, 7, 8],
  ]);
  assert.equal(
    slices(nested, "tokens").map(({ text, relevance }) => [text, relevance]),
    [
      ["abcdefg", 3],
      ["h", 1],
    ],
  );
});

test("terminal: a name too long is cut, and the bars stay on their axis", () => {
  const long = explain("x", [
    ["a".repeat(99), 1],
    ["最高の映画最高の映画最高の映画", -1],
    ["x", 0.5, 0, 1],
  ]);
  const lines = ansi(long, { color: "none", width: 40 }).split("\n");
  const rows = lines.filter((line) => line.includes("│"));
  assert.equal(rows, [
    "  aaaaaaaaa…  +1.000          │████████",
    "  最高の映…   −1.000  ████████│",
    "  x           +0.500          │████",
  ]);
});

test("a token whose offsets make no sense is noted beside the special ones", () => {
  const odd = explain("abc", [
    ["abc", 1, 0, 3],
    ["lost", 2, 7, 9],
    ["[SEP]", 0.5],
  ]);
  assert.match(ansi(odd, { color: "none" }), "\nlost +2.000  [SEP] +0.500\n");
  assert.is(content(only(checkHtml(odd), "p", "class", "faint special")), "lost +2.000 [SEP] +0.500");
  assert.match(content(checkSvg(odd)), "lost\u00a0+2.000\u00a0\u00a0[SEP]\u00a0+0.500");
});

test("terminal: a name never starts a line of its own", () => {
  const forged = { ...movie, model: "x\nwarning: y", warnings: ["x\ny"], target: { ...movie.target, label: "x\ny" } };
  assert.is(ansi(forged).split("\n").length, ansi({ ...movie, warnings: ["x"] }).split("\n").length);
});

test("of a long text that was cut only what was read is drawn, and how much more there is", () => {
  const text = "letters, ".repeat(18_000);
  const pieces = [...Array(50).keys()].map((i): Piece => ["letters", Math.sin(i), 9 * i, 9 * i + 7]);
  const cut = explain(text, pieces);
  const note = "[161352 more characters, not read]";
  const page = checkHtml(cut);
  assert.match(content(heatmap(page)), note);
  assert.match(content(checkSvg(cut)), note.replaceAll(" ", "\u00a0"));
  assert.match(ansi(cut, { color: "none" }).replaceAll("\n", ""), note);
  for (const drawn of [html(cut), svg(cut), ansi(cut)]) assert.ok(drawn.length < 40_000, `${drawn.length}`);
  // What was read is drawn whole, however long it is; so is a short rest.
  const word = explain("a".repeat(50_000), [["[UNK]", 1, 0, 50_000]]);
  assert.match(content(heatmap(checkHtml(word))), /^a{50000}$/);
  const between = slices(
    explain(`a${" b".repeat(999)}`, [
      ["a", 1, 0, 1],
      ["b", 1, 1998, 1999],
    ] as Piece[]),
  );
  assert.equal(
    between.map(({ text }) => text),
    ["a", " b".repeat(100), " … [1797 more characters, not read] ", "b"],
  );
});

test("segments are those of the whole text", () => {
  const bits =
    "a|b |the |é|e\u0301|\u0301|👩‍👩‍👧|🇩|🇪|\r\n|\n|.|! |3.14|can't|สวัสดีครับ|最高の映画|。|क्ष|\u200d|Dr. |U.S. |(|1,0|한국어|_|שלום ".split(
      "|",
    );
  for (const granularity of ["grapheme", "word", "sentence"] as const) {
    const segmenter = new Intl.Segmenter("en", { granularity });
    for (let seed = 1; seed <= 20; seed++) {
      const text = Array.from(random(400, seed), (v) => bits[Math.floor(Math.abs(v) * 1000) % bits.length]).join("");
      assert.equal(
        Array.from(segmented(segmenter, text), ({ index, segment }) => [index, segment]),
        Array.from(segmenter.segment(text), ({ index, segment }) => [index, segment]),
        `${granularity}, seed ${seed}`,
      );
    }
    const long = "\u0301".repeat(5000);
    assert.equal([...segmented(segmenter, long)], [{ index: 0, segment: long }]);
  }
});

test("lines break after words, at wide characters, and anywhere in a word too long", () => {
  const lines = (text: string, columns: number) =>
    wrap([slice(text)], columns).map((runs) => runs.map((run) => run.text).join(""));
  assert.equal(lines("to be or not", 6), ["to be ", "or not"]);
  assert.equal(lines("to be or", 5), ["to be", "or"]);
  assert.equal(lines("最高の映画", 4), ["最高", "の映", "画"]);
  assert.equal(lines("a incomprehensible", 8), ["a ", "incompre", "hensible"]);
  assert.equal(lines("a\n\nb\t", 9), ["a↵", "↵", "b⇥"]);
  assert.equal(lines("", 9), [""]);
});

test("right-to-left lines are read from the right, and words of the other direction keep their order", () => {
  const line = (text: string) => text.split("|").map((text) => ({ text, width: 1, slice: slice(text) }));
  const read = (text: string, way: "ltr" | "rtl") =>
    asRead(line(text), way)
      .map((run) => run.text)
      .join("|");
  assert.is(read("a| |b", "ltr"), "a| |b");
  assert.is(read("א| |ב|, |a| |b|!", "rtl"), "!|a| |b|, |ב| |א");
  assert.is(read("a| |א| |ב|.", "ltr"), "a| |ב| |א|.");
});

/** How many tokens have a place in the text. */
const placed = (runs: readonly { tokens: readonly number[] }[]) => new Set(runs.flatMap(({ tokens }) => tokens)).size;

const shown = (text: string) => visible(text, "↵\n") || "The text is empty.";

const awkward: [name: string, explanation: Explanation][] = [
  [
    "empty text",
    explain("", [
      ["[CLS]", 0.5],
      ["[SEP]", -0.5],
    ]),
  ],
  ["no tokens", explain("nothing was read", [])],
  ["one token", explain("good", [["good", 2, 0, 4]])],
  [
    "all relevances 0",
    explain("so so", [
      ["so", 0, 0, 2],
      ["so", 0, 3, 5],
    ]),
  ],
  [
    "subnormal relevance",
    explain("so so", [
      ["so", 5e-324, 0, 2],
      ["so", -5e-324, 3, 5],
    ]),
  ],
  [
    "500 tokens",
    explain(
      "word ".repeat(500),
      [...Array(500).keys()].map((i) => ["word", Math.sin(i), 5 * i, 5 * i + 4]),
    ),
  ],
  [
    "right to left",
    explain("סרט נפלא, really", [
      ["סרט", 1, 0, 3],
      ["נפלא", 2, 4, 8],
      ["really", 1, 10, 16],
    ]),
  ],
  [
    "offsets inside a surrogate pair",
    explain("x👩y", [
      ["👩", 1, 2, 3],
      ["👩", 1, 1, 2],
    ]),
  ],
  [
    "overlap, repetition, nonsense",
    explain("abcdef", [
      ["a", 1, 0, 4],
      ["b", 1, 2, 6],
      ["c", 1, 2, 6],
      ["d", 1, 5, 1],
      ["e", 1, -1, 9],
    ]),
  ],
  ["a token that starts inside a pair", explain("x👩y", [["👩", 1, 2, 3]])],
  ["a terminal's escapes", explain("\x1b[31mred\x1b]0;title\x07\x9b2J\r\n\u202eevil", [["\x1b[2J", 1, 0, 5]])],
  ["a page's escapes", explain("<script>alert(1)</script>", [["<script>", 1, 0, 8]], { model: "</title><script>" })],
  [
    "hidden characters",
    explain("a\u{e0041}\u{e0042}\ud800\ufeff\u2028\u2029\u200f\u061c\u2066\uffff", [["a", 1, 0, 4]]),
  ],
];

for (const [name, explanation] of awkward) {
  test(`${name}: nothing lost, nothing twice`, () => {
    for (const by of ["words", "tokens"] as const)
      assert.is(content(heatmap(checkHtml(explanation, by))), shown(explanation.text));
    assert.is(figure(checkSvg(explanation)), letters(visible(explanation.text)));
    for (const width of [0, 32, 47, 80, Number.POSITIVE_INFINITY, Number.NaN]) checkAnsi(explanation, width || 80);
  });
}

// Strangers

test(`${payloads.length} payloads × text, token, label, contrast, model, method, reading point, warning`, () => {
  assert.ok(payloads.length >= 300);
  const contrast = { ...movie, contrast: negative, warnings: ["x"] };
  const count = [html, svg].map((draw) => walk(parse(draw(contrast))).length);
  for (const payload of payloads) {
    const half = payload.length >> 1;
    const inText = explain(`${payload} good`, [
      ["<", 1, 0, half],
      [payload, -1, half, payload.length],
      [payload, 2],
    ]);
    assert.is(content(heatmap(checkHtml(inText))), visible(inText.text, "↵\n"));
    assert.is(figure(checkSvg(inText)), letters(visible(inText.text)));
    checkAnsi(inText, 50);

    const places: Partial<Explanation>[] = [
      { tokens: movie.tokens.map((token) => ({ ...token, text: payload })) },
      { target: { ...movie.target, label: payload } },
      { contrast: { ...negative, label: payload } },
      { model: payload },
      { method: payload as "custom" },
      { at: payload as "words" },
      { warnings: [payload] },
    ];
    for (const place of places) {
      const attacked = { ...contrast, ...place };
      const page = checkHtml(attacked);
      assert.is(walk(page).length, count[0], payload);
      assert.ok(content(all(page, "body")[0]!).includes(visible(payload)));
      checkSvg(attacked);
    }
    checkAnsi(Object.assign({}, contrast, ...places), 50);
  }
});

const runs = Number(process.env.FUZZ_RUNS ?? 300);
const codeUnit = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) },
  fc.integer({ min: 0, max: 0xff }).map((unit) => String.fromCharCode(unit)),
  fc.constantFrom(..."<>&\"'`\n\r\t \x1b\x9b\u202e\u200d\u0301א", "👩‍👧", "\u{e0041}", "最", "🇩🇪", "</p>", "\x1b[0m"),
  fc.string({ unit: "binary", minLength: 1, maxLength: 3 }),
);
const string = fc.array(codeUnit, { maxLength: 40 }).map((units) => units.join(""));
const offset = fc.oneof(fc.integer({ min: -2, max: 60 }), fc.constantFrom(null, 0.5, Number.NaN));
const relevance = fc.oneof(
  fc.double({ noNaN: true, min: -100, max: 100 }),
  fc.constantFrom(0, -0, 1e-300, -1e200, 5e-324),
);
const stranger = fc
  .record({
    text: string,
    pieces: fc.array(fc.tuple(string, relevance, offset, offset), { maxLength: 8 }),
    strings: fc.tuple(string, string, string, string),
    contrast: fc.boolean(),
  })
  .map(({ text, pieces, strings: [label, model, method, warning], contrast }) => {
    const explanation = explain(text, pieces, { model, method: method as "custom", warnings: [warning] });
    explanation.target.label = label;
    return contrast ? { ...explanation, contrast: negative } : explanation;
  });

test("any strings, any offsets: markup is ours, text is the user's, each token is shown once", () => {
  fc.assert(
    fc.property(stranger, fc.constantFrom("words" as const, "tokens" as const), (explanation, by) => {
      const { text, tokens } = explanation;
      const cut = slices(explanation, "tokens");
      assert.is(cut.map((part) => part.text).join(""), text);
      assert.is(new Set(cut.flatMap((part) => part.tokens)).size, cut.flatMap((part) => part.tokens).length);

      const page = checkHtml(explanation, by);
      assert.is(content(heatmap(page)), shown(text));
      const marks = all(heatmap(page), "mark").length;
      const rows = all(only(page, "table", "id", "tokens"), "tr").length;
      assert.is(rows, 1 + (by === "tokens" ? tokens.length : marks + tokens.length - placed(segments(explanation))));
      assert.is(figure(checkSvg(explanation, by)), letters(visible(text)));
      const runs = segments(explanation, { by });
      assert.is(runs.map((run) => run.text).join(""), text);
      assert.equal(placed(runs), placed(segments(explanation, { by: "tokens" })));
    }),
    { numRuns: runs },
  );
});

test("any strings, any width: the terminal sees text and our colours", () => {
  fc.assert(
    fc.property(stranger, fc.integer({ min: 10, max: 130 }), (explanation, width) => checkAnsi(explanation, width)),
    { numRuns: runs },
  );
});

test("an answer's matrix: strangers' strings stay text, by tokens and by parts", () => {
  for (const payload of payloads.slice(0, 40)) {
    const { ledger, target } = movie;
    const text = `${payload} b`;
    const tokens = [0, 1].map((id) => ({ id, text: payload, start: id, end: id + 1, special: false as const }));
    const sums = { relevance: [1, -0.5], rest: 0.25, ledger };
    const part = { text: payload, role: payload, start: 0, end: 1, tokens: [0] };
    const matrix = {
      ...{ text, model: payload, method: "cp-lrp", composite: {}, at: "embeddings", backend: "wasm", tokens },
      promptTokens: 1,
      rows: [{ token: 1, target, relevance: [2], ledger }],
      warnings: [payload],
    };
    for (const one of [matrix, { ...matrix, groups: { columns: [part, part], rows: [{ ...part, ...sums }] } }]) {
      checkHtml(one as never);
      checkSvg(one as never);
      checkAnsi(one as never, 40);
    }
  }
});

test.run();
