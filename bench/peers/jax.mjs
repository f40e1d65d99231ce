// jax-js on WASM: the same forward compiled by jit, and its gradient with regard to the embeddings. Outside browsers it must
// start before onnxruntime-web, which leaves a Worker among the globals that jax-js takes for a browser's.

import { defaultDevice, grad, init, jit, lax, nn, numpy as np } from "@jax-js/jax";

export const name = "jax-js 0.1.25, WASM";

export async function start({ weights, shape, T, x }) {
  await init("wasm");
  defaultDevice("wasm");
  const { width, heads, layers } = shape;
  const names = [...weights.keys()];
  const held = names.map((name) => np.array(weights.get(name).data, { shape: weights.get(name).shape }));

  // Arrays belong to whoever takes them; `.ref` is one more holder.
  const network = (x, all) => {
    const w = (name) => all[names.indexOf(name)].ref;
    const dense = (x, name) => np.matmul(x, np.transpose(w(`${name}.weight`))).add(w(`${name}.bias`));
    const mean = (x) => np.mean(x, -1, { keepdims: true });
    const norm = (x, name) => {
      const centred = x.ref.sub(mean(x));
      const deviation = np.sqrt(mean(np.square(centred.ref)).add(1e-12));
      return centred
        .div(deviation)
        .mul(w(`${name}.weight`))
        .add(w(`${name}.bias`));
    };
    const split = (x) => np.transpose(x.reshape([T, heads, width / heads]), [1, 0, 2]);
    for (let i = 0; i < layers; i++) {
      const p = `bert.encoder.layer.${i}`;
      const [q, k, v] = ["query", "key", "value"].map((part) => split(dense(x.ref, `${p}.attention.self.${part}`)));
      const scores = np.matmul(q, np.transpose(k, [0, 2, 1])).mul(1 / Math.sqrt(width / heads));
      const context = np.transpose(np.matmul(nn.softmax(scores, -1), v), [1, 0, 2]).reshape([T, width]);
      const middle = norm(x.add(dense(context, `${p}.attention.output.dense`)), `${p}.attention.output.LayerNorm`);
      const h = dense(middle.ref, `${p}.intermediate.dense`);
      const up = h.ref.mul(0.5).mul(lax.erf(h.mul(Math.SQRT1_2)).add(1));
      x = norm(middle.add(dense(up, `${p}.output.dense`)), `${p}.output.LayerNorm`);
    }
    const first = x.slice([0, 1]);
    return dense(np.tanh(dense(first, "bert.pooler.dense")), "classifier");
  };
  const forward = jit(network);
  // A mask, because indexing within jit(grad) takes the wrong element in this version.
  const mask = weights.get("classifier.bias").data.map((_, i) => Number(i === 0));
  const gradient = jit(grad((x, all) => network(x, all).mul(np.array(mask)).sum()));
  const fed = np.array(x, { shape: [T, width] });
  const call = async (f) => {
    const result = f(fed.ref, held.map((one) => one.ref)); // biome-ignore format: one call
    return await result.data();
  };
  return { forward: () => call(forward), gradient: () => call(gradient), stop: () => {} };
}
