// Writes a Llama as an ONNX model: ids and a key/value cache in, the last token's logits and the longer cache out, with
// the ops that exporters use for it (RMSNorm and grouped attention with rotation, fused). The embedding is the head.

import {
  attribute,
  concat,
  INT32,
  INT64,
  initializer,
  integer,
  message,
  node,
  string,
  transposed,
  valueInfo,
} from "./onnx.mjs";

const OWN = "com.microsoft";

export function onnxLlama(weights, { layers, heads, groups, width, theta, positions }) {
  const nodes = [];
  const constants = [];
  const w = (name) => weights.get(name);
  const d = width / heads;
  const constant = (name, shape, data, type) => {
    constants.push(initializer(name, shape, data, type));
    return name;
  };
  const dense = (x, name) => {
    const { shape } = w(`${name}.weight`);
    nodes.push(
      node("MatMul", [x, constant(`${name}.w`, [...shape].reverse(), transposed(w(`${name}.weight`)))], [name]),
    );
    return name;
  };
  const norm = (x, name) => {
    const settings = [attribute.i("axis", -1), attribute.f("epsilon", 1e-5)];
    nodes.push(
      node(
        "SimplifiedLayerNormalization",
        [x, constant(`${name}.w`, [width], w(`${name}.weight`).data)],
        [name],
        ...settings,
      ),
    );
    return name;
  };
  const add = (a, b, name) => {
    nodes.push(node("Add", [a, b], [name]));
    return name;
  };

  const angle = (f) => Float32Array.from({ length: (positions * d) / 2 }, (_, i) => f(Math.floor(i / (d / 2)) * theta ** ((-2 * (i % (d / 2))) / d))); // biome-ignore format: a table
  constant("cos", [positions, d / 2], angle(Math.cos));
  constant("sin", [positions, d / 2], angle(Math.sin));
  const { shape, data } = w("model.embed_tokens.weight");
  constant("words", shape, data);
  constant("last", [1], new BigInt64Array([-1n]), INT64);
  nodes.push(node("Gather", ["words", "input_ids"], ["x"]));

  let x = "x";
  const io = [];
  for (let i = 0; i < layers; i++) {
    const p = `model.layers.${i}`;
    const normed = norm(x, `${p}.input_layernorm`);
    const [q, k, v] = ["q", "k", "v"].map((part) => dense(normed, `${p}.self_attn.${part}_proj`));
    const past = [`past_key.${i}`, `past_value.${i}`];
    const present = [`present_key.${i}`, `present_value.${i}`];
    const attributes = [
      attribute.i("num_heads", heads),
      attribute.i("kv_num_heads", groups),
      attribute.i("do_rotary", 1),
    ];
    const inputs = [q, k, v, ...past, "seqlens_k", "total", "cos", "sin"];
    nodes.push(node("GroupQueryAttention", inputs, [`${p}.context`, ...present], ...attributes, string(7, OWN)));
    for (const name of past) io.push(message(11, valueInfo(name, [1, groups, "past", d])));
    for (const name of present) io.push(message(12, valueInfo(name, [1, groups, "present", d])));
    const middle = add(x, dense(`${p}.context`, `${p}.self_attn.o_proj`), `${p}.sum`);
    const inner = norm(middle, `${p}.post_attention_layernorm`);
    const [gate, up] = ["gate", "up"].map((part) => dense(inner, `${p}.mlp.${part}_proj`));
    nodes.push(node("Sigmoid", [gate], [`${p}.sigmoid`]), node("Mul", [gate, `${p}.sigmoid`], [`${p}.silu`]));
    nodes.push(node("Mul", [`${p}.silu`, up], [`${p}.gated`]));
    x = add(middle, dense(`${p}.gated`, `${p}.mlp.down_proj`), `${p}.out`);
  }
  constant("merge", [2], new BigInt64Array([-1n, BigInt(width)]), INT64);
  nodes.push(node("Gather", [x, "last"], ["read"], attribute.i("axis", 1)));
  nodes.push(node("Reshape", [norm("read", "model.norm"), "merge"], ["row"]));
  nodes.push(node("Gemm", ["row", "words"], ["logits"], attribute.i("transB", 1)));

  io.unshift(
    message(11, valueInfo("input_ids", [1, "T"], INT64)),
    message(11, valueInfo("seqlens_k", [1], INT32)),
    message(11, valueInfo("total", [], INT32)),
    message(12, valueInfo("logits", [1, shape[0]])),
  );
  const graph = concat(...nodes, string(2, "llama"), ...constants, ...io);
  const opset = (domain, version) => message(8, concat(string(1, domain), integer(2, version)));
  return concat(integer(1, 9), message(7, graph), opset("", 20), opset(OWN, 1));
}
