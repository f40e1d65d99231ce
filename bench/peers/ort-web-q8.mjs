// onnxruntime-web with dense layers in eight bits, as transformers.js loads models by default on WASM.

import * as web from "./ort-web.mjs";

export const name = `${web.name}, q8`;

export const start = (given) => web.start({ ...given, q8: true });
