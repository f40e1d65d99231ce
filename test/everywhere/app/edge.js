// An edge function: one explanation as JSON.
import { explain } from "./app.js";

export default {
  async fetch(request) {
    const asked = new URL(request.url).searchParams;
    const options = { backend: asked.get("backend") ?? "wasm", deterministic: asked.has("deterministic") };
    try {
      const source = options.deterministic ? "https://models.example/sst2-tiny/" : undefined;
      return Response.json(await explain(source, options));
    } catch (error) {
      return Response.json({ code: error.code, message: error.message }, { status: 500 });
    }
  },
};
