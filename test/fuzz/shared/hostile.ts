// Values that no option means, and some that are nearly meant.

/** What a callback, a getter or a proxy of the caller's throws: it is passed on as it is. */
export class Own extends Error {
  override readonly name = "Own";
}

const throws = (): never => {
  throw new Own("the caller's own");
};

export function hostile(): unknown[] {
  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  const revoked = (target: object) => {
    const { proxy, revoke } = Proxy.revocable(target, {});
    revoke();
    return proxy;
  };
  const aborted = new AbortController();
  aborted.abort();
  return [
    ...[null, true, false, 0, -1, 1, 2, 3, 0.5, NaN, Infinity, -Infinity, -0, 4097, 2 ** 31, 2 ** 53, 1e308, -1e308],
    ...[10n, -(2n ** 70n), Symbol("s"), Symbol.iterator],
    ...["", " ", "0", "1", "-1", "a", "a".repeat(9999), "\ud800", "__proto__", "constructor", "toString", "LABEL_0"],
    ...[
      "cp-lrp",
      "saliency",
      "random",
      "embeddings",
      "words",
      "logit",
      "log-probability",
      "softmax-contrast",
      "truecolor",
    ],
    ...["wasm", "webgpu", "auto", "ali2022", "pruning", "sanity"],
    ...[
      [],
      [null],
      [undefined],
      [[]],
      [[0, 0]],
      [[0, "x"]],
      [[0.5, 0]],
      [[9, 9]],
      ["cp-lrp", "attn-lrp"],
      ["cp-lrp", "saliency"],
    ],
    ...[[0], [0, 1], [-1], ["a", 1n], Array(5), Array(2 ** 32 - 1), [[[[]]]], [{}], [throws], [{ start: 0, end: 2 }]],
    ...[[{ start: 2, end: 0 }], [{ start: "0", end: 1 }], [{ start: 0, end: 99 }]],
    ...[
      {},
      Object.create(null),
      { toString: 1 },
      { toString: throws },
      { toJSON: throws },
      { valueOf: throws },
      cyclic,
    ],
    ...[{ heads: [[0, 0]] }, { heads: null }, { neurons: [[0, 1]] }, { neurons: [[0, 1n]] }, { heads: [[0, 0]], x: 1 }],
    ...[{ top: 1 }, { top: 1, token: 99 }, { top: "1" }, { top: 1, token: null }, { cosine: "a" }, { dot: null }],
    ...[
      { distance: 5 },
      { cosine: "a", dot: "b" },
      { cosine: cyclic },
      { method: "x" },
      { method: "lrp-ah", at: "words" },
    ],
    ...[
      { name: "occlusion", baseline: "zero" },
      { name: "kernel-shap", baseline: "zero", samples: 3 },
      { name: "occlusion", baseline: 5 },
    ],
    ...[
      { name: "integrated-gradients", steps: 0 },
      { name: "smoothgrad", samples: 1e7 },
      { name: "x" },
      { name: null },
    ],
    ...[{ name: "random", seed: 1n }, { linear: ["epsilon", { eps: NaN }] }, { linear: ["epsilon", { eps: 1e-6 }] }],
    ...[{ linear: ["gamma", {}] }, { linear: 5 }, { norm: "identity" }, { layernorm: "identity" }, { linear: cyclic }],
    ...[
      throws,
      () => {},
      async () => {},
      async () => throws(),
      class {},
      Math.max,
      new Date(NaN),
      /x/,
      new Map(),
      new Set([1]),
    ],
    ...[
      Promise.resolve("cp-lrp"),
      new Uint8Array(3),
      new Float32Array(4),
      new ArrayBuffer(8),
      new DataView(new ArrayBuffer(2)),
    ],
    ...[new Blob(["x"]), aborted.signal, new AbortController().signal, new AbortController(), { aborted: false }],
    ...[{ aborted: false, addEventListener() {} }, new URL("about:blank"), new Error("x"), globalThis],
    ...[
      new Proxy({}, { get: throws, has: throws, ownKeys: throws }),
      new Proxy([], { get: throws }),
      revoked({}),
      revoked([]),
    ],
    ...[
      Object.defineProperty({}, "name", { get: throws, enumerable: true }),

      Object.freeze(["words"]),
    ],
    ...[
      { data: new Uint8Array(3), width: 1, height: 1 },
      { data: "abc", width: 1, height: 1 },
      { width: 1, height: 1, close: 1 },
    ],
    ...[
      { text: "a" },
      { text: "a", pair: 5 },
      { text: "a", ids: [1n] },
      { text: "a", ids: Array(9) },
      { text: { a: 1 } },
    ],
    ...[
      { rows: [[1, 2, 3, 4]] },
      { rows: [[1, 2, 3, 4n]] },
      { rows: [["1", "2", "3", "4"]] },
      { rows: [Symbol("s")] },
      { rows: {} },
    ],
    ...[
      { rows: [[1, 2, 3, 4]], names: [5] },
      { rows: Array(2) },
      { points: Array(99) },
      { postMessage() {} },
      { postMessage: throws },
    ],
    ...[
      { requestAdapter: throws },
      { requestAdapter: () => 5 },
      { createBuffer: throws },
      { createBuffer() {}, lost: 5 },
    ],
    ...[
      { match: throws, put: throws },
      { read: throws, append: throws },
      { read: () => 5, append() {} },
      { predict: throws },
    ],
    ...[
      { "config.json": 5 },
      { "config.json": "{}" },
      { "config.json": Symbol("s") },
      { hub: "a/b", endpoint: "x" },
      { hub: 5 },
    ],
    ...[
      { kind: "directory", getFileHandle: throws },
      { kind: "directory", getFileHandle: throws, values: throws },
    ],
    ...[[new Blob(["x"])], [{ name: "config.json" }], "\0", "file:///%ff", "http://[", "https://", "/nowhere", "a://b"],
  ];
}
