// Images: pixels as transformers' processors and Pillow make them (reference/images.py), files of every kind, relevance of
// pixels by its laws, and what cannot be read.

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { picture } from "../src/inputs/images/picture.ts";
import { preparation, processor } from "../src/inputs/images/prepare.ts";
import { resized } from "../src/inputs/images/resize.ts";
import { png } from "../src/render/overlay.ts";
import { encodePng } from "../src/render/png.ts";
import { load } from "../src/runtime/load.ts";
import { code } from "./shipped.ts";
import { places, random } from "./support.ts";

interface Fixture {
  pictures: { width: number; height: number; rgb: string }[];
  processors: { config: Record<string, unknown>; values: string[] }[];
  files: { name: string; file: string; rgba: string }[];
}
const fixture: Fixture = JSON.parse(readFileSync(new URL("reference/images.json", import.meta.url), "utf8"));
const bytes = (base64: string) => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
const pictures = fixture.pictures.map(({ rgb, ...size }) => ({ ...size, data: bytes(rgb) }));
const patched = { size: [16, 16], patch: [8, 8], channels: 3, specials: ["[CLS]"] } as const;
const inPage = "document" in globalThis;

const test = suite("images");

for (const { config, values } of fixture.processors) {
  const what = JSON.stringify([config.image_processor_type, config.size, config.crop_size, config.resample]);
  test(`as transformers makes them ready: ${what}`, async () => {
    const prepare = preparation(processor(config), patched);
    for (const [i, image] of pictures.entries()) {
      const expected = new Float32Array(bytes(values[i]).buffer);
      const whole = await picture(image);
      if (!config.do_resize && !config.do_center_crop && image.width !== 16) {
        assert.throws(() => prepare(whole), /comes out 37 × 23/);
        continue;
      }
      const { values: found, box } = prepare(whole);
      const off = Math.max(...found.map((v, k) => Math.abs(v - expected[k])));
      assert.ok(off < 1e-5, `${image.width} × ${image.height} off by ${off}`);
      // The box's middle is the image's, but for half a pixel of rounding.
      const scale = box.width / 16;
      assert.ok(Math.abs(box.x + box.width / 2 - image.width / 2) <= scale);
    }
  });
}

test("nearest pixels: Pillow's step adds up, so that whole numbers come out just below or above", () => {
  const columns = (from: number, to: number) => {
    const data = Uint8Array.from({ length: 3 * from }, (_, i) => i / 3);
    const { data: out } = resized({ data, width: from, height: 1 }, [to, 1], "nearest", {
      x: 0,
      y: 0,
      width: to,
      height: 1,
    });
    return Array.from({ length: to }, (_, x) => out[3 * x]).join("");
  };
  assert.is(columns(6, 11), "00112234455"); // Image.resize((11, 1), 0) of Pillow 11
  assert.is(columns(6, 22), "0000111222233334445555");
  assert.is(columns(7, 25), "0000111222233344445556666");
});

test("files", async () => {
  for (const { name, file, rgba } of fixture.files) {
    const expected = await picture({ data: bytes(rgba), width: 37, height: 23 });
    for (const given of [bytes(file), bytes(file).buffer, ...(globalThis.Blob ? [new Blob([bytes(file)])] : [])]) {
      const found = await picture(given);
      assert.is(`${found.width} × ${found.height}`, "37 × 23");
      // JPEG decoders round differently, and canvases keep colours multiplied by their opacity.
      const most = name === "JPEG" ? 6 : inPage && /A/.test(name) ? 3 : 0;
      const off = Math.max(...found.data.map((v, k) => Math.abs(v - expected.data[k])));
      assert.ok(off <= most, `${name} off by ${off}`);
    }
  }
});

test("what is no image is told", async () => {
  const wrong: unknown[] = [
    "photo.png",
    null,
    3,
    {},
    { data: new Uint8Array(5), width: 2, height: 2 },
    { data: new Uint8Array(0), width: 0, height: 0 },
    { data: new Uint8Array(3), width: 0.5, height: 2 },
    { data: undefined, width: 2, height: 2 },
    { data: new Uint8Array(1), width: 1e9, height: 1e9 },
    new Uint8Array(),
    new TextEncoder().encode("GIF89a"),
    bytes(fixture.files[0].file).slice(0, 60),
    bytes(fixture.files.at(-1)!.file).slice(0, 60),
  ];
  for (const image of wrong) assert.is(await code(picture(image as Uint8Array)), "InvalidInput", String(image));
  for (const config of [
    { size: { height: 0, width: 3 } },
    { resample: 9 },
    { resample: { toString: 1 } },
    { resample: "2" },
    { image_mean: [1, 2] },
    { image_std: [1, 0, 1] },
    { do_resize: "yes" },
    { do_center_crop: true, crop_size: {} },
    { rescale_factor: "1/255" },
  ]) {
    try {
      preparation(processor(config), patched);
      assert.unreachable(JSON.stringify(config));
    } catch (error) {
      assert.is((error as { code?: string }).code, "ConfigInvalid");
      assert.match((error as Error).message, Object.keys(config).at(-1)!);
    }
  }
});

test("a PNG of ours is read as what it was, and shows relevance by its sign and where it is", async () => {
  const model = await load(new URL("../models/digits-tiny/", import.meta.url), { backend: "wasm" });
  const [width, height] = [16, 24];
  const grey = Uint8Array.from(random(width * height, 3), (v) => 128 + 100 * v);
  const data = new Uint8Array(4 * width * height).fill(255);
  grey.forEach((v, i) => {
    data.fill(v, 4 * i, 4 * i + 3);
  });
  const image = { data, width, height };
  assert.equal((await picture(encodePng(image))).data, (await picture(image)).data);

  const told = await model.explain(image);
  const shown = (await picture(png(told, image))).data;
  const most = Math.max(...told.tokens.slice(1).map(({ relevance }) => Math.abs(relevance)));
  let colored = 0;
  for (let i = 0; i < grey.length; i++) {
    const [row, col] = [Math.floor(Math.floor(i / width) / (height / 4)), Math.floor((i % width) / (width / 4))];
    const { relevance } = told.tokens[1 + 4 * row + col];
    const [r, , b] = shown.subarray(3 * i, 3 * i + 3);
    const warm = r - b; // orange speaks for, blue against
    assert.ok(Math.abs(relevance) < most / 50 || Math.sign(warm) === Math.sign(relevance), `${relevance}: ${r}, ${b}`);
    colored += Math.abs(warm);
    if (relevance === 0) assert.is(r, grey[i]);
  }
  assert.ok(colored > grey.length);
  assert.throws(() => png(told, { ...image, width: height, height: width }), /24 × 16/);
  await model.dispose();
});

test.run();

for (const place of places) {
  const test = suite(`models of images on ${place.backend}`);

  for (const name of ["vit-image", "deit-taught-image"]) {
    test(`${name}: relevance of pixels`, async () => {
      const model = await load(new URL(`reference/families/${name}/`, import.meta.url), place);
      const image = { data: Uint8Array.from(random(24 * 24 * 3, 5), (v) => 128 + 60 * v), width: 24, height: 24 };
      const batch = await model.explain([image, { ...image, data: image.data.map((v) => 255 - v) }]);
      assert.is(batch.length, 2);
      for (const method of ["cp-lrp", "attn-lrp", "attn-lrp-gamma", "gradient-x-input"] as const) {
        for (const at of ["embeddings", "pixels"] as const) {
          const told = await model.explain(image, { method, at, pixels: true });
          const { logit, residual, ...entries } = told.ledger;
          const parts = Object.values(entries);
          const size =
            parts.reduce((n, v) => n + Math.abs(v), 0) + told.tokens.reduce((n, t) => n + Math.abs(t.relevance), 0);
          assert.ok(
            Math.abs(logit - parts.reduce((n, v) => n + v, 0)) < 2e-6 * size,
            `${method} at ${at}: ${residual}`,
          );
          const { pixels, rows, cols } = told.image!;
          assert.is(pixels!.length, 24 * 24);
          if (at !== "pixels") continue;
          // A patch has what its pixels have; the model's own tokens have none.
          const sums = Array<number>(rows * cols).fill(0);
          pixels!.forEach((v, k) => {
            sums[Math.floor(k / 24 / 8) * 3 + Math.floor((k % 24) / 8)] += v;
          });
          const patches = told.tokens.filter(({ special }) => !special);
          for (const [k, { relevance }] of patches.entries()) assert.ok(Math.abs(relevance - sums[k]) < 2e-6 * size);
          for (const { special, relevance } of told.tokens) if (special) assert.is(relevance + 0, 0);
        }
      }
      // What a pixel has by the plain gradient is what the logit changes by, times what it is: channel by channel.
      const h = 4; // of 255
      const at = 5 * 24 + 7;
      const target = model.labels[1];
      const told = await model.explain(image, { method: "gradient-x-input", at: "pixels", pixels: true, target });
      const [mean, std] = [
        [0.5, 0.4, 0.45],
        [0.5, 0.25, 0.3],
      ];
      let expected = 0;
      for (let c = 0; c < 3; c++) {
        const one = async (by: number) => {
          const data = image.data.slice();
          data[3 * at + c] += by;
          return (await model.predict({ ...image, data })).classes[1].logit;
        };
        const slope = ((await one(h)) - (await one(-h))) / (2 * h);
        expected += slope * 255 * std[c] * ((image.data[3 * at + c] / 255 - mean[c]) / std[c]);
      }
      const size = Math.max(...told.image!.pixels!.map(Math.abs));
      assert.ok(Math.abs(told.image!.pixels![at] - expected) < 0.02 * size, `${told.image!.pixels![at]}, ${expected}`);
      await model.dispose();
    });
  }

  test("what cannot be loaded is refused by its field", async () => {
    const folder = new URL("reference/families/vit-image/", import.meta.url);
    const read = (name: string) => readFileSync(new URL(name, folder));
    const files = {
      "config.json": JSON.parse(new TextDecoder().decode(read("config.json"))),
      "preprocessor_config.json": JSON.parse(new TextDecoder().decode(read("preprocessor_config.json"))),
    };
    const cases: [file: keyof typeof files, edit: object | undefined, expected: string][] = [
      ["config.json", { architectures: ["ViTForMaskedImageModeling"] }, "ConfigUnsupported"],
      ["config.json", { architectures: ["ViTForMaskedImageModeling"] }, "ConfigUnsupported"],
      ["config.json", { architectures: ["ViTForImageClassificationWithTeacher"] }, "MissingTensor"],
      ["config.json", { hidden_size: 13 }, "ConfigMismatch"],
      ["config.json", { num_channels: 2 }, "ConfigUnsupported"],
      ["preprocessor_config.json", { image_processor_type: "DonutImageProcessor" }, "ConfigUnsupported"],
      ["preprocessor_config.json", { do_pad: true }, "ConfigUnsupported"],
      ["preprocessor_config.json", { size: { longest_edge: 24, shortest_edge: 24 } }, "ConfigUnsupported"],
      ["config.json", { image_size: 32 }, "UnexpectedShape"],
      ["config.json", { image_size: [24, 24, 24] }, "ConfigInvalid"],
      ["config.json", { num_channels: 1 }, "ConfigInvalid"],
      ["config.json", { num_attention_heads: 5 }, "ConfigMismatch"],
      ["config.json", { hidden_act: "prelu" }, "ConfigUnsupported"],
      ["preprocessor_config.json", undefined, "MissingFile"],
      ["preprocessor_config.json", { resample: "bicubic" }, "ConfigInvalid"],
    ];
    for (const [file, edit, expected] of cases) {
      const contents = Object.entries({ ...files, ...(edit && { [file]: { ...files[file], ...edit } }) });
      const source = {
        ...Object.fromEntries(contents.map(([name, json]) => [name, JSON.stringify(json)])),
        "model.safetensors": new Uint8Array(read("model.safetensors")),
      } as Record<string, string | Uint8Array>;
      if (!edit) delete source[file];
      assert.is(await code(load(source, place)), expected, JSON.stringify(edit));
    }
  });

  test("what cannot be asked", async () => {
    const model = await load(new URL("reference/families/vit-image/", import.meta.url), place);
    const image = { data: new Uint8Array(300), width: 10, height: 10 };
    assert.is(model.task, "image-classification");
    assert.is((await model.predict(image)).classes.length, 3);
    for (const wrong of ["text", { text: "a" }]) assert.is(await code(model.explain(wrong)), "InvalidInput");
    assert.is(await code(model.predict("text")), "InvalidInput");
    assert.is(await code(model.tokenize("text")), "InvalidInput");
    assert.is(await code(model.explain(image, { at: "words" })), "InvalidOption");
    assert.is(await code(model.explain(image, { token: 2 })), "InvalidOption");
    for (const method of ["occlusion", "kernel-shap", "integrated-gradients", "smoothgrad", "saliency"] as const) {
      assert.is(await code(model.explain(image, { method })), "InvalidOption", method);
    }
    for (const method of ["rollout", "attention-last", "attention-flow", "gae", "grad-rollout", "random"] as const) {
      assert.is((await model.explain(image, { method })).tokens.length, 10, method);
    }
    await model.dispose();
    const words = await load(new URL("reference/tiny/silu-5-labels/", import.meta.url), place);
    assert.is(await code(words.explain("a", { at: "pixels" })), "InvalidOption");
    assert.is(await code(words.explain("a", { pixels: true })), "InvalidOption");
    assert.is(await code(words.explain(image)), "InvalidInput");
    await words.dispose();
  });

  test.run();
}
