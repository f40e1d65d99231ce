// What load() comes to on a server that misbehaves on purpose, by the folder that is asked for.
import { load } from "relprop";

async function outcome(source, options) {
  try {
    const model = await load(source, { backend: "wasm", ...options });
    await model.dispose();
    return "loaded";
  } catch (error) {
    return error.code ?? String(error);
  }
}

export async function faults(base) {
  const abort = new AbortController();
  const onProgress = ({ file }) => file === "model.safetensors" && abort.abort();
  return {
    well: await outcome(`${base}/well/`),
    missing: await outcome(`${base}/missing/`),
    page: await outcome(`${base}/page/`),
    cut: await outcome(`${base}/cut/`),
    slow: await outcome(`${base}/slow/`, { signal: abort.signal, onProgress }),
  };
}

/** The model from the browser's cache: loaded, loaded again. */
export async function cached(base) {
  return [await outcome(`${base}/well/`, { cache: true }), await outcome(`${base}/well/`, { cache: true })];
}
