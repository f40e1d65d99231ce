// TensorFlow.js on WASM: the same forward, and its gradient with regard to the embeddings.

import * as tf from "@tensorflow/tfjs";
import * as wasm from "@tensorflow/tfjs-backend-wasm";

export const name = `TensorFlow.js ${tf.version_core}, WASM`;

export async function start({ weights, shape, T, x, threads = 1 }) {
  if (!globalThis.process) wasm.setWasmPaths("/bench/node_modules/@tensorflow/tfjs-backend-wasm/dist/");
  wasm.setThreadsCount(threads);
  await tf.setBackend("wasm");
  await tf.ready();

  const { width, heads, layers } = shape;
  const held = new Map([...weights].map(([name, { shape, data }]) => [name, tf.tensor(data, shape)]));
  const w = (name) => held.get(name);
  const dense = (x, name) => tf.add(tf.matMul(x, w(`${name}.weight`), false, true), w(`${name}.bias`));
  const norm = (x, name) => {
    const centred = tf.sub(x, tf.mean(x, -1, true));
    const scaled = tf.mul(centred, tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), 1e-12)));
    return tf.add(tf.mul(scaled, w(`${name}.weight`)), w(`${name}.bias`));
  };
  const gelu = (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));
  const split = (x) => tf.transpose(tf.reshape(x, [T, heads, width / heads]), [1, 0, 2]);

  const network = (x) => {
    for (let i = 0; i < layers; i++) {
      const p = `bert.encoder.layer.${i}`;
      const [q, k, v] = ["query", "key", "value"].map((part) => split(dense(x, `${p}.attention.self.${part}`)));
      const weights = tf.softmax(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(width / heads)));
      const context = tf.reshape(tf.transpose(tf.matMul(weights, v), [1, 0, 2]), [T, width]);
      const middle = norm(tf.add(x, dense(context, `${p}.attention.output.dense`)), `${p}.attention.output.LayerNorm`);
      const up = gelu(dense(middle, `${p}.intermediate.dense`));
      x = norm(tf.add(middle, dense(up, `${p}.output.dense`)), `${p}.output.LayerNorm`);
    }
    return dense(tf.tanh(dense(tf.slice(x, [0, 0], [1, width]), "bert.pooler.dense")), "classifier");
  };
  const fed = tf.tensor(x, [T, width]);
  const gradient = tf.grad((x) => tf.sum(tf.slice(network(x), [0, 0], [1, 1])));
  return {
    forward: () => tf.tidy(() => network(fed).dataSync()),
    gradient: () => tf.tidy(() => gradient(fed).dataSync()),
    stop: () => tf.disposeVariables(),
  };
}
