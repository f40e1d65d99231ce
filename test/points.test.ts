// The trained classifier of point clouds that examples/points shows: its logits are PyTorch's in float64, and relevance lies on
// the points that make the shape, judged by taking points away.

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { uniform } from "../src/random.ts";
import { load } from "../src/runtime/load.ts";
import { places } from "./support.ts";
import { allClose, near } from "./systems.ts";

const held: { accuracy: number; labels: number[]; clouds: number[][][]; logits: number[][] } = JSON.parse(
  readFileSync(new URL("reference/points.json", import.meta.url), "utf8"),
);
const SHARES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7];

for (const place of places) {
  const test = suite(`points on ${place.backend}`);
  const folder = new URL("../examples/points/model/", import.meta.url);

  test("logits of held-out clouds, and whose clouds they are", async () => {
    const model = await load(folder, { ...place, deterministic: true });
    const told = await model.predict(held.clouds.slice(0, place === places[0] ? 36 : 6).map((points) => ({ points })));
    for (const [i, { classes }] of told.entries()) {
      const logits = classes.map(({ logit }) => logit);
      near(logits, held.logits[i], `cloud ${i}`, 2e-6);
      assert.is(logits.indexOf(Math.max(...logits)), held.labels[i]);
    }
    for (const at of ["embeddings", "points"] as const)
      await allClose(model, { points: held.clouds[0] }, "points", { at });
    await model.dispose();
  });

  if (place !== places[0]) {
    test.run();
    continue; // the same numbers again, slowly
  }

  test("without the points of most relevance the class is lost long before it is at random, without those of least long after", async () => {
    const model = await load(folder, { ...place, deterministic: true });
    const some = held.clouds;
    const told = await model.explain(some.map((points) => ({ points })));
    assert.is(told[0].method, "cp-lrp-gamma");
    for (const { cloud, ledger, tokens } of told) {
      const sum = cloud!.relevance!.reduce((total, r) => total + r, 0);
      const cls = tokens[tokens.length - 1].relevance;
      near([sum + cls], [ledger.tokens], "points and [CLS] have all that tokens have");
    }
    const draw = uniform(7);
    const area = async (score: (i: number) => ArrayLike<number>) => {
      let total = 0;
      for (const share of SHARES) {
        const inputs = some.map((points, i) => {
          const by = Array.from(score(i));
          const order = [...by.keys()].sort((a, b) => by[b] - by[a]);
          const gone = new Set(order.slice(0, Math.round(share * points.length)));
          return { points: points.filter((_, j) => !gone.has(j)) };
        });
        const predicted = await model.predict(inputs);
        total += predicted.reduce((sum, { classes }, i) => sum + classes[held.labels[i]].probability!, 0) / some.length;
      }
      return total / SHARES.length;
    };
    const most = await area((i) => told[i].cloud!.relevance!);
    const least = await area((i) => told[i].cloud!.relevance!.map((r) => -r));
    const chance = await area((i) => some[i].map(draw));
    console.log(
      `  mean probability while points go, seed 7: most ${most.toFixed(3)}, random ${chance.toFixed(3)}, least ${least.toFixed(3)}`,
    );
    assert.ok(most < chance - 0.05 && least > chance + 0.02, `${most} ${chance} ${least}`);
    await model.dispose();
  });

  test.run();
}
