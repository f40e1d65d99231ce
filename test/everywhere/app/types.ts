// What a user's compiler must accept, and what it must refuse.
import { type Explanation, html, load, RelpropError } from "relprop";
import sst2 from "relprop/models/sst2-tiny";

const model = await load("./model", { backend: "webgpu", signal: AbortSignal.timeout(1000) });
await load(sst2);
const one: Explanation = await model.explain("a text", { target: "positive" });
const many: Explanation[] = await model.explain(["a", "b"]);
const page: string = html(one);
const relevance: number[] = many.flatMap(({ tokens }) => tokens.map((token) => token.relevance));
// @ts-expect-error: there is no such backend
await load("./model", { backend: "cuda" });
await load("./model", { wasm: fetch("./kernels.wasm") }).catch((error) => {
  if (error instanceof RelpropError && error.code === "WasmUnavailable") console.error(error.message);
});
console.log(page, relevance);
