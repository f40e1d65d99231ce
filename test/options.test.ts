// What is asked wrongly is said so at once: by one check at the entry of each call, and by limits on what files may ask for.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type ErrorCode, RelpropError } from "../src/errors.ts";
import { evaluate } from "../src/evaluate.ts";
import { ansi, html, load, type Model, png, svg } from "../src/index.ts";
import { encodeCloud, farthest, neighbours } from "../src/inputs/points/cloud.ts";
import { list, text } from "../src/options/kinds.ts";
import { buffers } from "./shipped.ts";
import { eye, files, normal } from "./systems.ts";

const test = suite("options");

/** The error of a call, which must have this code. */
async function refused(work: () => unknown, code: ErrorCode, message: RegExp, what = ""): Promise<void> {
  try {
    await work();
  } catch (error) {
    assert.instance(error, RelpropError, `${what}: ${(error as Error)?.stack}`);
    assert.is((error as RelpropError).code, code, `${what}: ${(error as Error).message}`);
    assert.match((error as Error).message, message, what);
    return;
  }
  assert.unreachable(`${what} was not refused`);
}

let model: Model;
test.before(async () => {
  model = await load(buffers(), { backend: "wasm" });
});
test.after(() => model.dispose());

const said = "not a bad movie";

test("an option that there is not, with the nearest name", async () => {
  const explain = (options: object) => () => model.explain(said, options);
  const invalid = (options: object, message: RegExp) => refused(explain(options), "InvalidOption", message);
  await invalid({ metod: "cp-lrp" }, /^explain\(\) has no option "metod"; did you mean "method"\?$/);
  await invalid({ Target: 1 }, /did you mean "target"/);
  await invalid({ signla: 1 }, /did you mean "signal"/);
  await invalid({ banana: 1 }, /has no option "banana"; there are signal, truncate/);
  await invalid({ constructor: 1 }, /has no option "constructor"/);
  await invalid(JSON.parse('{"__proto__": 1}'), /has no option "__proto__"/);
  await refused(
    () => model.predict(said, { heads: true } as never),
    "InvalidOption",
    /predict\(\) has no option "heads"/,
  );
  await refused(() => load({}, { bakend: "wasm" } as never), "InvalidOption", /did you mean "backend"/);
  await refused(
    () => model.explain(said, { method: "saliency", heads: true } as never),
    "InvalidOption",
    /by saliency has no/,
  );
  await refused(() => evaluate(model, [], { protocl: "aopc" } as never), "InvalidOption", /did you mean "protocol"/);
  const { tokens } = await model.explain(said, { target: undefined, banana: undefined } as never);
  assert.ok(tokens.length, "what is undefined is absent");
});

test("values that an option cannot be", async () => {
  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const odd = [
    null,
    Symbol("s"),
    10n,
    cyclic,
    { toString: 1 },
    { toJSON: () => cyclic },
    revoked.proxy,
    Number.NaN,
    () => {},
  ];
  for (const [i, value] of odd.entries()) {
    for (const name of [
      "truncate",
      "layers",
      "groups",
      "heads",
      "neurons",
      "at",
      "target",
      "objective",
      "signal",
      "ablate",
      "token",
    ]) {
      const work = () => model.explain(said, { [name]: value } as never);
      await refused(work, "InvalidOption", new RegExp(`^explain\\(\\)'s ${name} is .+, it must be `), `${name} ${i}`);
    }
    await refused(() => model.explain(said, value as never), "InvalidOption", /explain\(\)/, `options ${i}`);
    for (const call of ["tokenize", "predict", "generate", "diagnose", "lens"] as const) {
      await refused(
        () => model[call as "predict"](said, value as never),
        "InvalidOption",
        new RegExp(`${call}\\(\\)`),
        `${call} ${i}`,
      );
    }
    await refused(() => load({}, value as never), "InvalidOption", /load\(\)/, `load ${i}`);
    await refused(() => model.predict(value as never), "InvalidInput", /./, `input ${i}`);
    await refused(() => load(value as never), "InvalidInput", /./, `source ${i}`);
    for (const draw of [html, svg, ansi, png])
      await refused(() => draw(value as never), "InvalidInput", /./, `draw ${i}`);
  }
  const cases: [object, RegExp][] = [
    [{ groups: true }, /groups is "true", it must be "words", "sentences", "messages", or a list of \{ start, end \}/],
    [{ at: [] }, /at is "\[\]"/],
    [{ neurons: { top: 1, to: 2 } }, /must be a whole number from 1, or \{ top, token \}/],
    [{ numLoops: 1e9 }, /numLoops is "1000000000", it must be a whole number from 0 to 1024/],
    [{ ablate: { heads: [[0]] } }, /each a list of \[block, place\]/],
    [{ method: "cp-lrp", onProgress: 5 }, /must be a function/],
  ];
  for (const [options, message] of cases) await refused(() => model.explain(said, options), "InvalidOption", message);
  const generated: [object, RegExp][] = [
    [{ temperature: "0" }, /temperature is "0", it must be a finite number from 0/],
    [{ topP: 0 }, /above 0 and at most 1/],
    [{ explain: { methd: "x" } }, /explain is/],
  ];
  for (const [options, message] of generated) {
    await refused(() => model.generate(said, options), "InvalidOption", message);
  }
  await refused(
    () => model.diagnose(said, { tokens: 1 } as never),
    "InvalidOption",
    /tokens is "1", it must be a list/,
  );
});

test("what was checked does not change afterwards", () => {
  const given = ["a", "b"];
  const read = list(text).read(given) as string[];
  given[0] = "c";
  assert.equal(read, ["a", "b"]);
});

test("a callback that throws ends its call, with what it threw", async () => {
  const own = new RangeError("my own");
  const onProgress = () => {
    throw own;
  };
  const rejection = async (work: Promise<unknown>) =>
    work.then(
      () => "nothing",
      (error) => error,
    );
  assert.is(await rejection(model.explain(said, { method: "occlusion", onProgress })), own);
  assert.is(await rejection(load(buffers(), { backend: "wasm", onProgress })), own);
  for (let calls = 1; calls < 9; calls++) {
    let left = calls;
    const later = () => --left || onProgress();
    assert.is(await rejection(load(buffers(), { backend: "wasm", onProgress: later })), own, `call ${calls}`);
  }
  assert.is(await rejection(evaluate(model, [{ text: said, label: 0 }], { methods: ["random"], onProgress })), own);
});

const looped = (loops: unknown, blocks = 1) =>
  files(
    { model_type: "energy_transformer", hidden_size: 4, num_hidden_layers: blocks, loops, num_labels: 2 },
    {
      ...Object.fromEntries(Array.from({ length: blocks }, (_, i) => [`layers.${i}.attention.query.weight`, eye(4)])),
      "classifier.weight": normal(2, 4, 5),
    },
  );

test("loops: as many as 1024 blocks in all", async () => {
  for (const loops of [1025, 100_000, 16_777_216]) {
    await refused(
      () => load(looped(loops), { backend: "wasm" }),
      "LimitExceeded",
      /config.json's loops is \d+/,
      `${loops}`,
    );
  }
  await refused(() => load(looped(513, 2), { backend: "wasm" }), "LimitExceeded", /1026 times in all/);
  const many = await load(looped(1024), { backend: "wasm" });
  await many.predict({ rows: normal(2, 4, 1) });
  const layers = () => many.explain({ rows: normal(2, 4, 1) }, { layers: true });
  await refused(layers, "LimitExceeded", /layers, heads and neurons of 1024 blocks need 1025 ledgers/);
  await many.dispose();
  const two = await load(looped(1, 2), { backend: "wasm" });
  await refused(() => two.predict({ rows: normal(2, 4, 1) }, { numLoops: 1000 }), "LimitExceeded", /2000 times in all/);
  await two.dispose();
});

test("points: what a config asks for that no tensor has", async () => {
  const config = (num_group: number, group_size: number) => ({
    model_type: "point_mae",
    architectures: ["PointMAEForPointCloudClassification"],
    hidden_size: 4,
    num_attention_heads: 1,
    num_hidden_layers: 1,
    num_group,
    group_size,
  });
  for (const [groups, size] of [
    [4096, 1024],
    [4096, 64],
    [1024, 256],
  ]) {
    const work = () => load(files(config(groups, size), { w: [1] }), { backend: "wasm" });
    await refused(work, "LimitExceeded", /num_group × group_size/, `${groups} × ${size}`);
  }
  const points = Array.from({ length: 2 ** 16 }, (_, i) => [i, 0, 0]);
  const how = { groups: 4096, size: 32, normalize: true, cls: true, hidden: 0 };
  await refused(() => encodeCloud({ points }, how), "LimitExceeded", /a model of 4096 groups takes at most 16384/);
});

test("images that are cut into more tokens than a model's weights speak of", async () => {
  const config = {
    model_type: "dinov2",
    hidden_size: 4,
    num_attention_heads: 1,
    num_hidden_layers: 1,
    image_size: 4,
    patch_size: 2,
  };
  const made = files(config, {
    "embeddings.cls_token": [[[0, 0, 0, 0]]],
    "embeddings.position_embeddings": [normal(5, 4, 1)],
    "embeddings.patch_embeddings.projection.weight": normal(4, 12, 2),
    "encoder.layer.0.mlp.fc1.weight": normal(16, 4, 3),
  });
  for (const side of [130, 2048, 8192]) {
    const crop = { crop_size: { height: side, width: side } };
    const work = () => load({ ...made, "preprocessor_config.json": JSON.stringify(crop) }, { backend: "wasm" });
    await refused(
      work,
      "LimitExceeded",
      /by preprocessor_config.json are \d+ tokens, this model takes at most 4096/,
      `${side}`,
    );
  }
});

test("the nearest points, of equals the first", async () => {
  const points = Float32Array.from(normal(90, 3, 1).flat(), (v) => Math.round(2 * v)); // many are equally far
  const centres = await farthest(points, 12);
  const far = (i: number, j: number) =>
    [0, 1, 2].reduce((sum, c) => sum + (points[3 * i + c] - points[3 * j + c]) ** 2, 0);
  for (const k of [1, 2, 7, 89, 90]) {
    const found = await neighbours(points, centres, k);
    for (const [m, c] of centres.entries()) {
      const all = [...Array(90).keys()].filter((i) => i !== c);
      const sorted = all.sort((i, j) => far(i, c) - far(j, c) || i - j);
      assert.equal(found[m], [c, ...sorted].slice(0, k), `${k} of ${c}`);
    }
  }
});

test.run();
