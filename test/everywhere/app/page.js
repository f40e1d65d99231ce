// In a page, whoever built it: the model comes from the page's own server, and by its name.
import { explain } from "./app.js";

const asked = new URLSearchParams(location.search);
const backend = asked.get("backend") ?? "wasm";
const worker = () =>
  asked.get("worker") === "own"
    ? new Worker(new URL("./explainer.js", import.meta.url), { type: "module" })
    : asked.get("worker") === "true";

globalThis.answers = Promise.all([
  explain("/model/", { backend, worker: worker(), deterministic: true }),
  explain(undefined, { backend, worker: worker() }),
]);
