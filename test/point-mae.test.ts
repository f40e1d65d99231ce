// ExpPoint-MAE (Romanelis et al. 2023, arXiv 2306.10798): sampling and grouping, positions at every layer, the largest point of a
// group taking all relevance, folded batch norms, groups that are made up.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine, type Probe } from "../src/engine/engine.ts";
import type { RelpropError } from "../src/errors.ts";
import { input } from "../src/graph/tensor.ts";
import { chamfer, encodeCloud, farthest, neighbours } from "../src/inputs/points/cloud.ts";
import { repeat, segmentMax } from "../src/ops/segments.ts";
import { propagate } from "../src/propagation/propagate.ts";
import { load, read } from "../src/runtime/load.ts";
import { cloud, d, G, K, model } from "./point-models.ts";
import { backends, places, random, run } from "./support.ts";
import { allClose, closes, everywhere, type Matrix, near, normal } from "./systems.ts";
import { erf } from "./twin/normal.ts";

const test = suite("point clouds");

const line = new Float32Array([1, 2, 3, 4, 5, 6, 7, 8, 9].flatMap((x) => [x, 0, 0]));

test("ExpPoint-MAE: farthest points [0, 8, 4, 2, 6], a centre its own first neighbour, Chamfer 0.02", async () => {
  assert.equal(await farthest(line, 5), [0, 8, 4, 2, 6]);
  assert.equal(await neighbours(line, [4, 0], 3), [
    [4, 3, 5],
    [0, 1, 2],
  ]);
  near(
    [
      chamfer(
        line,
        line.map((v, i) => (i % 3 ? v : v + 0.1)),
      ),
    ],
    [0.02],
    "Chamfer",
    1e-5,
  );
  const twice = Float32Array.from([...line.subarray(0, 9), ...line.subarray(0, 9)]);
  assert.equal(await neighbours(twice, [4], 2), [[4, 1]], "of two points at one place the centre is first");
});

/** The classifier once more, in float64 and straight from the paper: batch norms as they are, concatenation, loops. */
async function classify(weights: Record<string, Matrix | number[] | Matrix[]>, points: number[][]): Promise<number[]> {
  const get = (name: string) => weights[name] as Matrix;
  const vec = (name: string) => weights[name] as number[];
  const dense = (x: number[], name: string) => {
    const bias = weights[`${name}.bias`] as number[] | undefined;
    return (weights[`${name}.weight`] as (number[] | number[][])[]).map((row, r) =>
      row.flat().reduce((sum, v, c) => sum + v * x[c], bias?.[r] ?? 0),
    );
  };
  const batch = (x: number[], name: string) =>
    x.map(
      (v, r) =>
        ((v - vec(`${name}.running_mean`)[r]) / Math.sqrt(vec(`${name}.running_var`)[r] + 1e-5)) *
          vec(`${name}.weight`)[r] +
        vec(`${name}.bias`)[r],
    );
  const relu = (x: number[]) => x.map((v) => Math.max(0, v));
  const gelu = (x: number[]) => x.map((v) => (v / 2) * (1 + erf(v / Math.SQRT2)));
  const largest = (rows: number[][]) => rows[0].map((_, c) => Math.max(...rows.map((row) => row[c])));
  const norm = (x: number[], name: string) => {
    const mean = x.reduce((s, v) => s + v, 0) / x.length;
    const dev = Math.sqrt(x.reduce((s, v) => s + (v - mean) ** 2, 0) / x.length + 1e-5);
    return x.map((v, c) => ((v - mean) / dev) * vec(`${name}.weight`)[c] + vec(`${name}.bias`)[c]);
  };
  const centre = [0, 1, 2].map((c) => points.reduce((s, p) => s + p[c], 0) / points.length);
  const moved = points.map((p) => p.map((v, c) => v - centre[c]));
  const size = Math.max(...moved.map((p) => Math.hypot(...p)));
  const unit = moved.map((p) => p.map((v) => Math.fround(v / size)));
  const flat = Float32Array.from(unit.flat());
  const centres = await farthest(flat, G);
  const e = "MAE_encoder.point_encoder";
  const features = (await neighbours(flat, centres, K)).map((own) => {
    const local = own.map((i) =>
      dense(
        relu(
          batch(
            dense(
              unit[i].map((v, c) => Math.fround(v - unit[own[0]][c])),
              `${e}.first_conv.0`,
            ),
            `${e}.first_conv.1`,
          ),
        ),
        `${e}.first_conv.3`,
      ),
    );
    const global = largest(local);
    return largest(
      local.map((l) =>
        dense(relu(batch(dense([...global, ...l], `${e}.second_conv.0`), `${e}.second_conv.1`)), `${e}.second_conv.3`),
      ),
    );
  });
  const pos = centres.map((i) =>
    dense(gelu(dense(unit[i], "MAE_encoder.pos_embedding.0")), "MAE_encoder.pos_embedding.2"),
  );
  pos.push(Array<number>(d).fill(0));
  let x = [...features, get("MAE_encoder.cls_token").flat(2) as unknown as number[]];
  for (let b = 0; b < 3; b++) {
    const at = `MAE_encoder.blocks.blocks.${b}`;
    x = x.map((row, j) => row.map((v, c) => v + pos[j][c]));
    const h = x.map((row) => dense(norm(row, `${at}.norm1`), `${at}.attn.qkv`));
    x = x.map((row, i) => {
      const out: number[] = [];
      for (let head = 0; head < 3; head++) {
        const part = (r: number[], k: number) => r.slice(k * d + (head * d) / 3, k * d + ((head + 1) * d) / 3);
        const s = h.map((r) =>
          Math.exp(part(h[i], 0).reduce((sum, v, c) => sum + v * part(r, 1)[c], 0) / Math.sqrt(d / 3)),
        );
        const total = s.reduce((a, v) => a + v, 0);
        out.push(...part(h[0], 2).map((_, c) => h.reduce((sum, r, j) => sum + (s[j] / total) * part(r, 2)[c], 0)));
      }
      return dense(out, `${at}.attn.proj`).map((v, c) => v + row[c]);
    });
    x = x.map((row) =>
      dense(gelu(dense(norm(row, `${at}.norm2`), `${at}.mlp.fc1`)), `${at}.mlp.fc2`).map((v, c) => v + row[c]),
    );
  }
  const y = x.map((row) => norm(row, "MAE_encoder.blocks.norm"));
  const pooled = [...y[G], ...largest(y.slice(0, G))];
  const h = relu(batch(dense(pooled, "cls_head.0"), "cls_head.1"));
  return dense(relu(batch(dense(h, "cls_head.3"), "cls_head.4")), "cls_head.6");
}

test("ExpPoint-MAE: logits are those of the definition in float64; every ledger closes, relevance is the gradient's", async () => {
  const made = model();
  const points = cloud(40, 3);
  const expected = await classify(made.tensors, points);
  await everywhere(made.files, async (loaded) => {
    const { classes } = await loaded.predict({ points });
    near(
      classes.map(({ logit }) => logit),
      expected,
      "logits",
    );
    assert.equal(loaded.unused, []);
    for (const at of ["points", "embeddings"] as const) await allClose(loaded, { points }, "ExpPoint-MAE", { at });
    const together = await loaded.explain([{ points }, { points: cloud(30, 4) }, { points: cloud(64, 5) }], {
      target: 1,
      at: "points",
    });
    const alone = await loaded.explain({ points }, { target: 1, at: "points" });
    near(
      together[0].tokens.map((t) => t.relevance),
      alone.tokens.map((t) => t.relevance),
      "together",
      loaded.backend === "wasm" ? 0 : 1e-6,
    );
    // Of a cloud's points: what its groups' are, in sum.
    const { relevance, groups, points: n } = alone.cloud!;
    assert.is(relevance!.length, 40);
    assert.is(n, 40);
    near([relevance!.reduce((s, v) => s + v, 0)], [alone.ledger.tokens], "Σ of points");
    assert.equal(
      groups.map((g) => g.length),
      Array(G).fill(K),
    );
  });
});

test("ExpPoint-MAE: with blocks that add nothing the state is x + 3 · pos, and 12 · pos in twelve", async () => {
  for (const layers of [3, 12]) {
    const made = model({
      config: { num_hidden_layers: layers },
      change(tensors) {
        for (let i = 0; i < layers; i++) {
          for (const name of Object.keys(tensors).filter((key) => key.startsWith("MAE_encoder.blocks.blocks.0."))) {
            tensors[name.replace("blocks.blocks.0", `blocks.blocks.${i}`)] = tensors[name];
          }
          const at = `MAE_encoder.blocks.blocks.${i}`;
          for (const half of ["attn.proj", "mlp.fc2"]) {
            tensors[`${at}.${half}.weight`] = (tensors[`${at}.${half}.weight`] as Matrix).map((row) =>
              row.map(() => 0),
            );
            tensors[`${at}.${half}.bias`] = Array<number>(d).fill(0);
          }
        }
      },
    });
    const one = await encodeCloud(
      { points: cloud(40, 6) },
      { groups: G, size: K, normalize: true, cls: true, hidden: 0 },
    );
    for (const place of places) {
      const engine = new Engine(await read(made.files, { ...place, deterministic: true }));
      const trace: Probe["trace"] = ({ stream }) => {
        return { outputs: Object.fromEntries(stream.map((x, i) => [`${i}`, x])) };
      };
      const [seen] = await engine.probe([one], { kind: "stream", trace, rows: one.tokens.length });
      const at = (l: number) => seen.of(String(l));
      const pos = at(1).map((v, i) => v - at(0)[i]);
      assert.ok(
        pos.slice(0, d).some((v) => Math.abs(v) > 0.1),
        "groups have positions",
      );
      assert.equal([...pos.slice(G * d)], Array(d).fill(0), "[CLS] has none");
      near(
        at(layers),
        at(0).map((v, i) => v + layers * pos[i]),
        `x + ${layers} pos`,
      );
      await engine.dispose();
    }
  }
});

test("ExpPoint-MAE: order of groups changes nothing; a moved cloud has the same groups", async () => {
  const points = cloud(40, 8);
  const how = { groups: G, size: K, normalize: false, cls: false, hidden: 0 };
  const here = await encodeCloud({ points }, how);
  const there = await encodeCloud({ points: points.map(([x, y, z]) => [x + 1, y - 2, z + 0.5]) }, how);
  assert.equal(here.cloud, there.cloud);
  near(there.given!.tokenEmbeddings, here.given!.tokenEmbeddings, "relative to their centres", 1e-6);
  assert.not.equal([...there.given!.centers], [...here.given!.centers]);
  const made = model({
    config: { pooling: ["cls", "max", "mean"] },
    change: (tensors) => {
      tensors["cls_head.0.weight"] = normal(9, 3 * d, 77);
    },
  });
  for (const place of places) {
    const engine = new Engine(await read(made.files, place));
    const one = await encodeCloud({ points }, { ...how, normalize: true, cls: true });
    const order = [3, 0, 5, 1, 4, 2, G]; // [CLS] stays
    const permuted = Object.entries(one.given!).map(([name, x]) => {
      const each = x.length / (G + 1);
      return [name, Float32Array.from(x, (_, i) => x[order[Math.floor(i / each)] * each + (i % each)])];
    });
    const [a, b] = await engine.predict([one, { ...one, given: Object.fromEntries(permuted) }]);
    near(b, a, "groups in another order", 1e-5);
    await engine.dispose();
  }
});

test("ExpPoint-MAE: the largest of a group takes all relevance, ties go to the first; sums and copies are each other's transpose", async () => {
  const x = input("x", [2, 6, 3]);
  const values = [3, 1, 2, 3, 5, 2, 0, 0, 0, -1, -2, -3, -1, -5, -2, 0, 0, 0];
  const data = {
    x: Float32Array.from([...values, ...values.map((v) => -v)]),
    g: Float32Array.from({ length: 12 }, (_, i) => i + 1),
  };
  const y = segmentMax(x, 3);
  const { gradients } = propagate(y, input("g", [2, 2, 3]), [[x]], {});
  const z = repeat(input("g", [2, 2, 3]), 3);
  const back = propagate(repeat(x, 2), input("w", [2, 12, 3]), [[x]], {}).gradients.get(x)!;
  const w = random(72, 5);
  for (const backend of backends) {
    const out = await run(backend, { y, g: gradients.get(x)!, z, back }, { ...data, w });
    assert.equal([...out.y.subarray(0, 6)], [3, 5, 2, 0, 0, 0]);
    assert.equal([...out.g.subarray(0, 18)], [1, 0, 3, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 5, 6]);
    assert.equal([...out.z.subarray(0, 18)], [1, 2, 3, 1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6, 4, 5, 6]);
    near(
      out.back,
      Float32Array.from({ length: 36 }, (_, i) => {
        const [r, c] = [Math.floor(i / 3), i % 3];
        return w[2 * r * 3 + c] + w[(2 * r + 1) * 3 + c];
      }),
      "sums",
      1e-6,
    );
  }
});

test("ExpPoint-MAE: hidden groups are made up; nothing of them is seen", async () => {
  const made = model({ rebuilds: true });
  const points = cloud(40, 9);
  await everywhere(made.files, async (loaded) => {
    const told = await loaded.predict({ points });
    assert.is(told.cloud!.points.length, Math.trunc(0.6 * G) * K);
    assert.ok(told.cloud!.chamfer > 0);
    const hidden = [1, 4];
    const asked = await loaded.predict({ points, hidden });
    assert.is(asked.cloud!.points.length, 2 * K);
    // Points of hidden groups that no seen group has may lie elsewhere, as long as the centres are the same.
    const { cloud: seen } = await loaded.explain({ points, hidden });
    const shown = new Set(seen!.groups.slice(0, G - 2).flat());
    const centres = new Set(seen!.groups.map(([c]) => c));
    const free = seen!.groups
      .slice(G - 2)
      .flat()
      .find((i) => !shown.has(i) && !centres.has(i));
    assert.ok(free !== undefined, "this cloud has such a point");
    const at = seen!.groups.slice(G - 2).find((g) => g.includes(free!))![0];
    const how = { normalize: false };
    const raw = model({ rebuilds: true, config: how });
    const plain = await load(raw.files, places.find(({ backend }) => backend === loaded.backend)!);
    const moved = points.map((p, i) => (i === free ? p.map((v, c) => v + 1e-3 * (points[at][c] - v)) : p));
    const [before, after] = [await plain.predict({ points, hidden }), await plain.predict({ points: moved, hidden })];
    assert.equal(after.cloud!.points, before.cloud!.points);
    assert.not.equal(after.cloud!.chamfer, before.cloud!.chamfer);
    await plain.dispose();
    for (const at of ["points", "embeddings"] as const)
      await allClose(loaded, { points, hidden }, "reconstruction", { at, target: "y 2" });
    const one = await loaded.explain({ points, hidden }, { token: 5, target: 0, at: "points" });
    closes(one, "one hidden group");
    assert.equal(
      one.tokens.slice(4).map(({ relevance }) => relevance),
      [0, 0],
    );
  });
});

test("clouds that cannot be read are told with what is wrong", async () => {
  const [where] = places;
  const loaded = await load(model().files, where);
  for (const [given, code, what] of [
    ["a text", "InvalidInput", /reads \{ points \}/],
    [{ points: cloud(3, 1) }, "InvalidInput", /3 points, this model needs 6/],
    [{ points: [...cloud(9, 1), [1, 2]] }, "InvalidInput", /point 9 is .* three finite numbers/],
    [{ points: [...cloud(9, 1), [1, 2, Number.NaN]] }, "InvalidInput", /three finite numbers/],
    [{ points: cloud(9, 1), hidden: [1] }, "InvalidInput", /does not reconstruct groups/],
  ] as const) {
    try {
      await loaded.predict(given as never);
      assert.unreachable();
    } catch (error) {
      assert.is((error as RelpropError).code, code, String(error));
      assert.match((error as Error).message, what);
    }
  }
  await loaded.dispose();
});

test.run();
