// An edge function: GET /?text=… answers with an explanation, as JSON or, for a browser, as a page.

import { html, load, type Model, RelpropError } from "relprop";

interface Env {
  ASSETS: { fetch: typeof fetch };
}

interface Context {
  waitUntil(promise: Promise<unknown>): void;
}

let loading: Promise<Model> | undefined;

/** One model for all requests, loaded with the first; if that fails the next one tries again. */
function model({ ASSETS }: Env): Promise<Model> {
  const fetch: typeof globalThis.fetch = (url, init) => ASSETS.fetch(url, init);
  loading ??= load("https://assets.local/sst2-tiny/", { fetch }).catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

const refused = (status: number, code: string, message: string) =>
  Response.json({ error: { code, message } }, { status });

/** What a request may cost: one pass forward and one back. Other methods run the model hundreds of times. */
const methods = ["cp-lrp", "attn-lrp", "gradient-x-input"] as const;

const mistakes = ["EmptyInput", "InputTooLong", "InvalidInput", "InvalidOption"]; // the client's

export default {
  async fetch(request: Request, env: Env, context: Context): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname !== "/") return refused(404, "NotFound", "there is nothing here but /?text=…");
    if (request.method !== "GET") return new Response(null, { status: 405, headers: { Allow: "GET" } });
    const text = searchParams.get("text");
    if (text === null) return refused(400, "EmptyInput", "which text? /?text=…");

    const wanted = searchParams.get("method") ?? "cp-lrp";
    const method = methods.find((name) => name === wanted);
    if (!method) return refused(400, "InvalidOption", `there is no method ${wanted} here, only ${methods.join(", ")}`);

    const ready = model(env);
    context.waitUntil(ready.catch(() => {})); // others may wait for it when this client has gone
    try {
      const explanation = await (await ready).explain(text, {
        method,
        target: searchParams.get("target") ?? undefined,
      });
      if (!request.headers.get("Accept")?.includes("text/html")) return Response.json(explanation);
      return new Response(html(explanation), { headers: { "Content-Type": "text/html; charset=utf-8" } });
    } catch (error) {
      if (!(error instanceof RelpropError)) throw error;
      return refused(mistakes.includes(error.code) ? 400 : 500, error.code, error.message);
    }
  },
};
