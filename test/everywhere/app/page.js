// In a page, whoever built it: the model comes from the page's own server.
import { explain } from "./app.js";

const backend = new URLSearchParams(location.search).get("backend") ?? "wasm";
globalThis.answers = Promise.all([
  explain("/model/", { backend, deterministic: true }),
  explain("/model/", { backend }),
]);
