// onnxruntime-node: native code, AVX2 or better.

import ort from "onnxruntime-node";
import { onnx } from "../onnx.mjs";

export const name = `onnxruntime-node ${ort.env.versions.node}`;

export async function start({ weights, shape, T, x, threads = 1 }) {
  const session = await ort.InferenceSession.create(onnx(weights, shape, T), {
    executionProviders: ["cpu"],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
  });
  const fed = { x: new ort.Tensor("float32", x, [1, T, shape.width]) };
  return {
    forward: async () => (await session.run(fed)).logits.data,
    stop: () => session.release(),
  };
}
