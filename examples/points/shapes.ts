// Clouds like those that the model learned from (its training script is test/reference/points.py).

export type Point = [x: number, y: number, z: number];

/** Numbers in [0, 1) that a seed decides (mulberry32). */
export function chance(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x ^= x + Math.imul(x ^ (x >>> 7), 61 | x);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Draw = () => number;

const angle = (draw: Draw) => 2 * Math.PI * draw();
const ring = (draw: Draw, r = 1): [number, number] => {
  const a = angle(draw);
  return [r * Math.cos(a), r * Math.sin(a)];
};
const disc = (draw: Draw, r = 1) => ring(draw, r * Math.sqrt(draw()));
const side = (draw: Draw) => (draw() < 0.5 ? -1 : 1);
const around = (draw: Draw) => 2 * draw() - 1;
const normal = (draw: Draw) => Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(angle(draw));

/** One point of each shape, `share` of the way through its points. */
export const shapes: Record<string, (draw: Draw, share: number) => Point> = {
  sphere(draw) {
    const p = [normal(draw), normal(draw), normal(draw)];
    const size = Math.hypot(...p);
    return p.map((v) => v / size) as Point;
  },
  cube(draw) {
    const p: Point = [around(draw), around(draw), around(draw)];
    p[Math.floor(3 * draw())] = side(draw);
    return p;
  },
  cylinder: (draw, share) => (share < 2 / 3 ? [...ring(draw), around(draw)] : [...disc(draw), side(draw)]),
  cone(draw, share) {
    if (share >= 3 / 4) return [...disc(draw), -1];
    const h = Math.sqrt(draw());
    return [...ring(draw, h), 1 - 2 * h];
  },
  torus(draw) {
    const t = angle(draw);
    return [...ring(draw, 1 + 0.4 * Math.cos(t)), 0.4 * Math.sin(t)];
  },
  mug(draw, share) {
    if (share < 3 / 5) return [...ring(draw, 0.8), around(draw)];
    if (share < 4 / 5) return [...disc(draw, 0.8), -1];
    const t = (Math.PI / 2) * around(draw);
    return [0.8 + 0.55 * Math.cos(t), 0.05 * normal(draw), 0.65 * Math.sin(t)];
  },
};

/** `n` points of a shape, stretched, turned about its axis, and not quite exact. */
export function cloud(name: string, seed: number, n = 256): Point[] {
  const draw = chance(seed);
  const stretch = [0, 1, 2].map(() => 0.75 + 0.5 * draw());
  const turn = angle(draw);
  const [c, s] = [Math.cos(turn), Math.sin(turn)];
  const points = Array.from({ length: n }, (_, i): Point => {
    const [x, y, z] = shapes[name](draw, i / n).map((v, axis) => v * stretch[axis]);
    return [c * x - s * y, s * x + c * y, z].map((v) => v + 0.015 * normal(draw)) as Point;
  });
  return points
    .map((p) => ({ p, at: draw() }))
    .sort((a, b) => a.at - b.at)
    .map(({ p }) => p);
}
