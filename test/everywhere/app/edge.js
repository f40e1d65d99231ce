// An edge function: one explanation as JSON.
import { explain } from "./app.js";

export default {
  async fetch(request) {
    const asked = new URL(request.url).searchParams;
    const options = { backend: asked.get("backend") ?? "wasm", deterministic: asked.has("deterministic") };
    try {
      return Response.json(await explain("https://models.example/sst2-tiny/", options));
    } catch (error) {
      return Response.json({ code: error.code, message: error.message }, { status: 500 });
    }
  },
};
