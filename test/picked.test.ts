// Folders picked or dropped in a browser: File lists with paths, and directory handles.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { load } from "../src/runtime/load.ts";
import { buffers, code, folder, names, texts } from "./shipped.ts";

const test = suite("picked folders");

/** What `<input webkitdirectory>` and drag-and-drop give. */
function listed(paths: Record<string, Uint8Array | string>): File[] {
  return Object.entries(paths).map(([path, contents]) => {
    const file = new File([contents as BlobPart], path.split("/").pop()!);
    return Object.defineProperty(file, "webkitRelativePath", { value: path });
  });
}

const model = (at: string) => Object.fromEntries(Object.entries(buffers()).map(([name, bytes]) => [at + name, bytes]));

/** A directory handle over paths, with what of the interface there is to use. */
function handle(paths: Record<string, Uint8Array | string>, name: string): FileSystemDirectoryHandle {
  const here = new Map<string, unknown>();
  for (const [path, contents] of Object.entries(paths)) {
    const [first, ...rest] = path.split("/");
    if (!rest.length) {
      here.set(first, { kind: "file", name: first, getFile: async () => new File([contents as BlobPart], first) });
    } else if (!here.has(first)) {
      const inside = Object.entries(paths).filter(([path]) => path.startsWith(`${first}/`));
      const below = Object.fromEntries(inside.map(([path, contents]) => [path.slice(first.length + 1), contents]));
      here.set(first, handle(below, first));
    }
  }
  return {
    kind: "directory",
    name,
    async *values() {
      yield* here.values();
    },
    async getDirectoryHandle(folder: string) {
      const found = here.get(folder) as FileSystemHandle | undefined;
      if (found?.kind === "directory") return found;
      throw new DOMException("no such folder", found ? "TypeMismatchError" : "NotFoundError");
    },
    async getFileHandle(file: string) {
      if (file.includes("/")) throw new TypeError("Name is not allowed.");
      const found = here.get(file) as FileSystemHandle | undefined;
      if (found?.kind === "file") return found;
      throw new DOMException("no such file", found ? "TypeMismatchError" : "NotFoundError");
    },
  } as unknown as FileSystemDirectoryHandle;
}

const local = await load(folder, { backend: "wasm" });
const expected = await local.explain(texts[0]);
await local.dispose();

const as = (kind: string, paths: Record<string, Uint8Array | string>) =>
  kind === "handle" ? handle(paths, "picked") : kind === "list" ? listed(paths) : paths;

for (const kind of ["handle", "list", "record"]) {
  const loading = (paths: Record<string, Uint8Array | string>, name?: string) =>
    load(as(kind, paths), { backend: "wasm", name });

  test(`${kind}: the model, wherever in the folder it lies`, async () => {
    const parts = { "1_Pooling/config.json": "{}", "onnx/model.onnx": "x", "README.md": "#" };
    for (const at of ["", "sst2/", "a/b/"]) {
      const beside = Object.fromEntries(Object.entries(parts).map(([path, text]) => [at + path, text]));
      const found = await loading({ "z.txt": "", ...beside, ...model(at) }, "sst2-tiny");
      assert.equal(await found.explain(texts[0]), expected);
      await found.dispose();
    }
    const named = await loading(model("models/sst2/"));
    assert.is(named.name, "sst2");
    await named.dispose();
  });

  test(`${kind}: several models, or none`, async () => {
    assert.is(await code(loading({ ...model("a/"), ...model("b/") })), "InvalidInput");
    assert.is(await code(loading({ "a/README.md": "#", "model.safetensors": "" })), "MissingFile");
    assert.is(await code(loading({ "x/config.json/y": "" })), "MissingFile");
    assert.is(await code(loading({})), "MissingFile");
    const { "model.safetensors": _, ...rest } = buffers();
    assert.is(await code(loading({ ...rest, "elsewhere/model.safetensors": new Uint8Array(9) })), "MissingFile");
  });
}

test("two files of one name", async () => {
  const list = names.map((name) => new File([new Uint8Array(buffers()[name])], name));
  assert.is(await code(load([...list, list[0]], { backend: "wasm" })), "InvalidInput");
});

test("a picked file that changed, a folder that may not be read", async () => {
  const gone = async () => {
    throw new DOMException("it changed on disk", "NotReadableError");
  };
  const file = new File(["{}"], "config.json");
  Object.defineProperty(file, "slice", { value: () => ({ arrayBuffer: gone }) });
  assert.is(await code(load([file], { backend: "wasm" })), "FetchFailed");

  const denied = async () => {
    throw new DOMException("permission was taken back", "NotAllowedError");
  };
  const secret = { ...handle({ "config.json": "{}" }, "m"), getFileHandle: denied };
  assert.is(await code(load(secret as unknown as FileSystemDirectoryHandle, { backend: "wasm" })), "FetchFailed");
});

test.run();
