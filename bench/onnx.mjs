// Writes a BERT classifier as an ONNX model, from the embeddings on, without a dependency: protobuf is simple to write.
// onnx-llama.mjs writes a decoder of the same pieces.

export function concat(...parts) {
  const out = new Uint8Array(parts.reduce((n, { length }) => n + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function varint(n) {
  const bytes = [];
  for (n = BigInt.asUintN(64, BigInt(n)); n > 127n; n >>= 7n) bytes.push(Number(n & 127n) | 128);
  return Uint8Array.from([...bytes, Number(n)]);
}

const field = (number, wire, body) => concat(varint((number << 3) | wire), body);
export const integer = (number, n) => field(number, 0, varint(n));
export const message = (number, body) => field(number, 2, concat(varint(body.length), body));
export const string = (number, text) => message(number, new TextEncoder().encode(text));
const float = (number, x) => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, x, true);
  return field(number, 5, bytes);
};

export const attribute = {
  i: (name, n) => message(5, concat(string(1, name), integer(3, n), integer(20, 2))),
  f: (name, x) => message(5, concat(string(1, name), float(2, x), integer(20, 1))),
  s: (name, text) => message(5, concat(string(1, name), string(4, text), integer(20, 3))),
  is: (name, list) => message(5, concat(string(1, name), ...list.map((n) => integer(8, n)), integer(20, 7))),
};

export const node = (op, inputs, outputs, ...attributes) =>
  message(
    1,
    concat(...inputs.map((n) => string(1, n)), ...outputs.map((n) => string(2, n)), string(4, op), ...attributes),
  );

const FLOAT = 1;
const INT8 = 3;
export const INT32 = 6;
export const INT64 = 7;

export function initializer(name, shape, data, type = FLOAT) {
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return message(5, concat(...shape.map((d) => integer(1, d)), integer(2, type), string(8, name), message(9, raw)));
}

export const valueInfo = (name, shape, type = FLOAT) => {
  const dim = (d) => message(1, typeof d === "string" ? string(2, d) : integer(1, d));
  const dims = message(2, concat(...shape.map(dim)));
  return concat(string(1, name), message(2, message(1, concat(integer(1, type), dims))));
};

/** A dense layer's weights as ONNX multiplies them: [in, out]. */
export function transposed({ shape: [rows, cols], data }) {
  const out = new Float32Array(data.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < cols; c++) out[c * rows + r] = data[r * cols + c];
  return out;
}

/** Weights as onnxruntime's quantize_dynamic() rounds them, to int8 by one scale for the matrix: those, and the scale. */
function rounded(data) {
  let most = 0;
  for (const v of data) most = Math.max(most, Math.abs(v));
  const scale = Math.fround(most / 127) || 1;
  return { data: Int8Array.from(data, (v) => Math.max(-127, Math.min(127, Math.round(v / scale)))), scale };
}

/**
 * From embeddings `x` [1, T, H] to `logits` [1, classes], with the checkpoint's weights; without a T from `input_ids` of
 * any length, as transformers.js feeds them. `q8`: dense layers in whole numbers of eight bits, as transformers.js loads them
 * by default on WASM.
 */
export function onnx(weights, { layers, heads }, T, q8 = false) {
  const nodes = [];
  const constants = [];
  const w = (name) => weights.get(name);
  const [, H] = w("bert.pooler.dense.weight").shape;
  const [classes] = w("classifier.weight").shape;

  const ints = (name, list) =>
    constants.push(initializer(name, [list.length], new BigInt64Array(list.map(BigInt)), INT64));
  ints("split", [0, 0, heads, H / heads]); // a 0 keeps the dimension
  ints("merge", [0, 0, H]);
  constants.push(initializer("first", [], new BigInt64Array([0n]), INT64));
  constants.push(initializer("scale", [], new Float32Array([1 / Math.sqrt(H / heads)])));

  const quantised = new Set();
  /** x in eight bits, once for all layers that read it. */
  const quantise = (x) => {
    if (!quantised.has(x)) nodes.push(node("DynamicQuantizeLinear", [x], [`${x}.q`, `${x}.scale`, `${x}.zero`]));
    quantised.add(x);
  };
  const product = (x, name, { shape }, matrix) => {
    if (!q8) {
      constants.push(initializer(`${name}.w`, [shape[1], shape[0]], matrix));
      nodes.push(node("MatMul", [x, `${name}.w`], [`${name}.mm`]));
      return;
    }
    const { data, scale } = rounded(matrix);
    constants.push(
      initializer(`${name}.w`, [shape[1], shape[0]], data, INT8),
      initializer(`${name}.w.scale`, [], new Float32Array([scale])),
      initializer(`${name}.w.zero`, [], new Int8Array(1), INT8),
    );
    quantise(x);
    nodes.push(
      node("MatMulInteger", [`${x}.q`, `${name}.w`, `${x}.zero`, `${name}.w.zero`], [`${name}.int`]),
      node("Cast", [`${name}.int`], [`${name}.cast`], attribute.i("to", FLOAT)),
      node("Mul", [`${x}.scale`, `${name}.w.scale`], [`${name}.scale`]),
      node("Mul", [`${name}.cast`, `${name}.scale`], [`${name}.mm`]),
    );
  };
  const dense = (x, name) => {
    product(x, name, w(`${name}.weight`), transposed(w(`${name}.weight`)));
    constants.push(initializer(`${name}.b`, [w(`${name}.weight`).shape[0]], w(`${name}.bias`).data));
    nodes.push(node("Add", [`${name}.mm`, `${name}.b`], [name]));
    return name;
  };
  const norm = (x, name) => {
    constants.push(
      initializer(`${name}.w`, [H], w(`${name}.weight`).data),
      initializer(`${name}.b`, [H], w(`${name}.bias`).data),
    );
    const settings = [attribute.i("axis", -1), attribute.f("epsilon", 1e-12)];
    nodes.push(node("LayerNormalization", [x, `${name}.w`, `${name}.b`], [name], ...settings));
    return name;
  };
  const add = (a, b, name) => {
    nodes.push(node("Add", [a, b], [name]));
    return name;
  };
  const split = (x, perm) => {
    nodes.push(node("Reshape", [x, "split"], [`${x}.split`]));
    nodes.push(node("Transpose", [`${x}.split`], [`${x}.heads`], attribute.is("perm", perm)));
    return `${x}.heads`;
  };

  const embedded = () => {
    const table = (part) => {
      const { shape, data } = w(`bert.embeddings.${part}_embeddings.weight`);
      constants.push(initializer(part, shape, data));
      return part;
    };
    ints("0", [0]);
    ints("1", [1]);
    ints("2", [2]);
    nodes.push(node("Gather", [table("word"), "input_ids"], ["words"]));
    nodes.push(node("Shape", ["input_ids"], ["shape"]), node("Slice", ["shape", "1", "2"], ["T"]));
    nodes.push(node("Slice", [table("position"), "0", "T", "0"], ["places"]));
    nodes.push(node("Gather", [table("token_type"), "0"], ["types"]));
    return norm(add(add("words", "places", "placed"), "types", "typed"), "bert.embeddings.LayerNorm");
  };

  let x = T ? "x" : embedded();
  for (let i = 0; i < layers; i++) {
    const p = `bert.encoder.layer.${i}`;
    const q = split(dense(x, `${p}.attention.self.query`), [0, 2, 1, 3]);
    const k = split(dense(x, `${p}.attention.self.key`), [0, 2, 3, 1]);
    const v = split(dense(x, `${p}.attention.self.value`), [0, 2, 1, 3]);
    nodes.push(node("MatMul", [q, k], [`${p}.qk`]), node("Mul", [`${p}.qk`, "scale"], [`${p}.scores`]));
    nodes.push(node("Softmax", [`${p}.scores`], [`${p}.p`], attribute.i("axis", -1)));
    nodes.push(node("MatMul", [`${p}.p`, v], [`${p}.c`]));
    nodes.push(node("Transpose", [`${p}.c`], [`${p}.ct`], attribute.is("perm", [0, 2, 1, 3])));
    nodes.push(node("Reshape", [`${p}.ct`, "merge"], [`${p}.context`]));
    const attended = dense(`${p}.context`, `${p}.attention.output.dense`);
    const middle = norm(add(x, attended, `${p}.sum`), `${p}.attention.output.LayerNorm`);
    const up = dense(middle, `${p}.intermediate.dense`);
    nodes.push(node("Gelu", [up], [`${p}.act`], attribute.s("approximate", "none")));
    const down = dense(`${p}.act`, `${p}.output.dense`);
    x = norm(add(middle, down, `${p}.sum2`), `${p}.output.LayerNorm`);
  }
  nodes.push(node("Gather", [x, "first"], ["cls"], attribute.i("axis", 1)));
  nodes.push(node("Tanh", [dense("cls", "bert.pooler.dense")], ["pooled"]));
  nodes.push(node("Identity", [dense("pooled", "classifier")], ["logits"]));

  const given = T ? valueInfo("x", [1, T, H]) : valueInfo("input_ids", [1, "T"], INT64);
  const io = [message(11, given), message(12, valueInfo("logits", [1, classes]))];
  const graph = concat(...nodes, string(2, "bert"), ...constants, ...io);
  return concat(integer(1, 9), message(7, graph), message(8, concat(string(1, ""), integer(2, 20))));
}
