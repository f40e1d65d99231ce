// An edge function built without its condition, which gives the kernels itself.
import { load } from "relprop";
import wasm from "relprop/kernels.wasm";

export default {
  async fetch() {
    const model = await load("https://models.example/sst2-tiny/", { backend: "wasm", wasm });
    return Response.json(await model.explain("A gorgeous, witty, seductive movie.", { method: "attn-lrp" }));
  },
};
