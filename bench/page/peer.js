// The same page on transformers.js: the class of one text, nothing explained.
import { env, pipeline } from "@huggingface/transformers";

env.allowLocalModels = true;
env.allowRemoteModels = false;
env.localModelPath = "/models/";
env.backends.onnx.wasm.wasmPaths = "/ort/";

const classify = await pipeline("text-classification", "sst2-tiny", { dtype: "fp32", device: "wasm" });
const [{ label, score }] = await classify(document.querySelector("#text").value);
document.querySelector("#verdict").textContent = `${label} ${score}`;
requestAnimationFrame(() => setTimeout(() => performance.mark("explained")));
