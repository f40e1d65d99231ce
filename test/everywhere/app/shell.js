// In Node, Deno and Bun: prints one explanation, or the code and message of what went wrong.
import { load } from "relprop";
import { explain } from "./app.js";

const { gpu, ...options } = JSON.parse(process.argv[2]);

async function dawn() {
  const { create, globals } = await import("webgpu");
  Object.assign(globalThis, globals);
  return create([]); // nothing here keeps it
}

try {
  const folder = new URL("./node_modules/relprop/models/sst2-tiny/", import.meta.url);
  const model = await load(folder, { ...options, gpu: gpu ? await dawn() : undefined });
  for (let i = 0; globalThis.gc && i < 20; i++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  if (model.backend !== (options.backend ?? model.backend)) throw new Error(`it runs on ${model.backend}`);
  await model.explain("Dawn is still there.");
  await model.dispose();
  console.log(JSON.stringify(await explain(options.deterministic ? folder : undefined, options)));
} catch ({ code, message, stack }) {
  console.log(JSON.stringify(code ? { code, message } : { message, stack }));
}
