// onnxruntime-web: the same network with the same weights as an ONNX model.

import * as ort from "onnxruntime-web";
import { onnx } from "../onnx.mjs";

export const name = `onnxruntime-web ${ort.env.versions.web}`;

export async function start({ weights, shape, T, x, threads = 1, provider = "wasm", q8 = false }) {
  ort.env.logLevel = "error";
  ort.env.wasm.numThreads = threads;
  if (!globalThis.process) ort.env.wasm.wasmPaths = "/bench/node_modules/onnxruntime-web/dist/";
  const session = await ort.InferenceSession.create(onnx(weights, shape, T, q8), { executionProviders: [provider] });
  const fed = { x: new ort.Tensor("float32", x, [1, T, shape.width]) };
  return {
    forward: async () => (await session.run(fed)).logits.data,
    stop: () => session.release(),
  };
}
