// A model that was disposed of, and is still held, holds no memory.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { monitorDevice, settled } from "../src/backends/webgpu/error_scopes.ts";
import { load } from "../src/runtime/load.ts";
import { folder } from "./shipped.ts";

const test = suite("disposed models");

const { setFlagsFromString } = process.getBuiltinModule("node:v8");
setFlagsFromString("--expose-gc");
const collect = process.getBuiltinModule("node:vm").runInNewContext("gc") as () => void;

/** The memories of WASM that are made meanwhile. */
async function memories(doing: () => Promise<void>): Promise<WeakRef<WebAssembly.Memory>[]> {
  const made: WeakRef<WebAssembly.Memory>[] = [];
  const { Memory } = WebAssembly;
  WebAssembly.Memory = class extends Memory {
    constructor(of: WebAssembly.MemoryDescriptor) {
      super(of);
      made.push(new WeakRef(this));
    }
  };
  try {
    await doing();
  } finally {
    WebAssembly.Memory = Memory;
  }
  return made;
}

for (const threads of [1, 2]) {
  test(`the WASM memory of ${threads} is collected, and calls still say what happened`, async () => {
    const held: Awaited<ReturnType<typeof load>>[] = [];
    const made = await memories(async () => {
      held.push(await load(folder, { backend: "wasm", threads }));
      await held[0].explain(["a film", "a film and more"]);
      await held[0].explain("a film", { method: "saliency" });
    });
    assert.is(made.length, 1);
    assert.ok(made[0].deref(), "it is held as long as the model runs");
    await held[0].dispose();
    for (let i = 0; made[0].deref() && i < 50; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      collect();
    }
    assert.is(made[0].deref(), undefined);
    const { code } = await held[0].predict("a film").catch((error) => error);
    assert.is(code, "Disposed");
    assert.is(held[0].profile(), undefined);
  });
}

test("what a GPU has answered is not kept by its device", async () => {
  let asked = 0;
  const lost = new Promise<never>(() => {});
  const then: typeof lost.then = (...given) => {
    asked++;
    return lost.then(...given);
  };
  const device = { lost: { then } };
  const answers: WeakRef<Float32Array>[] = [];
  const answer = async () => {
    const numbers = new Float32Array(9);
    answers.push(new WeakRef(numbers));
    return numbers;
  };
  for (let i = 0; i < 5; i++) await settled(monitorDevice(device as unknown as GPUDevice), "reading", answer);
  for (let i = 0; answers.some((one) => one.deref()) && i < 50; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    collect();
  }
  assert.is(answers.filter((one) => one.deref()).length, 0);
  assert.is(asked, 1);
});

test.run();
