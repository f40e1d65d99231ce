// From a point cloud to groups: centres far from one another, each with the points nearest to it.

import { finiteNumbers } from "../../checkpoint/dtypes.ts";
import { quote, RelpropError } from "../../errors.ts";
import { pauses } from "../../pauses.ts";
import { uniform } from "../../random.ts";
import type { Encoded, Input, PointCloud } from "../encoded.ts";
import { elements, unreadable } from "../given.ts";
import { namedTokens } from "../named_tokens.ts";

/** How a model cuts a cloud up. */
export interface Grouping {
  groups: number;
  /** Points of a group. */
  size: number;
  /** Whether clouds are moved to the origin and scaled to the unit sphere. */
  normalize: boolean;
  /** Whether a token of the model's own comes last. */
  cls: boolean;
  /** The share of groups that is hidden, of models that make them up. */
  hidden: number;
}

const MOST = 2 ** 16; // points
const MOST_DISTANCES = 2 ** 26; // from the centres of groups to all points: some seconds

/** x, y and z of each point. */
export type Points = Float32Array;

const square = (a: Points, i: number, b: Points, j: number) =>
  (a[3 * i] - b[3 * j]) ** 2 + (a[3 * i + 1] - b[3 * j + 1]) ** 2 + (a[3 * i + 2] - b[3 * j + 2]) ** 2;

/** The first point, then always the one farthest from all taken so far; of equals the first (Qi et al. 2017). */
export async function farthest(points: Points, n: number, signal?: AbortSignal): Promise<number[]> {
  const pause = pauses(signal);
  const count = points.length / 3;
  const nearest = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  const taken: number[] = [];
  let next = 0;
  while (taken.length < n) {
    taken.push(next);
    let best = -1;
    for (let i = 0; i < count; i++) {
      nearest[i] = Math.min(nearest[i], square(points, i, points, taken[taken.length - 1]));
      if (best < 0 || nearest[i] > nearest[best]) best = i;
    }
    next = best;
    await pause();
  }
  return taken;
}

/** The `k` points nearest to each of these centres, nearest first; of equals the first, but a centre is its own nearest. */
export async function neighbours(
  points: Points,
  centres: readonly number[],
  k: number,
  signal?: AbortSignal,
): Promise<number[][]> {
  const pause = pauses(signal);
  const far = new Float64Array(points.length / 3);
  const found: number[][] = [];
  for (const c of centres) {
    for (let i = 0; i < far.length; i++) far[i] = square(points, i, points, c);
    far[c] = -1;
    found.push(least(far, k));
    await pause();
  }
  return found;
}

/** Where the `k` least of some numbers are, the least first; of equals the first. */
function least(values: Float64Array, k: number): number[] {
  const less = (i: number, j: number) => values[i] < values[j] || (values[i] === values[j] && i < j);
  const heap = Array.from({ length: Math.min(k, values.length) }, (_, i) => i); // the largest of those kept on top
  /** Puts `i` at a place, or below it under larger ones. */
  const sink = (place: number, i: number) => {
    let at = place;
    for (let below = 2 * at + 1; below < heap.length; below = 2 * at + 1) {
      if (below + 1 < heap.length && less(heap[below], heap[below + 1])) below++;
      if (!less(i, heap[below])) break;
      heap[at] = heap[below];
      at = below;
    }
    heap[at] = i;
  };
  for (let at = (heap.length >> 1) - 1; at >= 0; at--) sink(at, heap[at]);
  for (let i = heap.length; i < values.length; i++) if (less(i, heap[0])) sink(0, i);
  return heap.sort((i, j) => values[i] - values[j] || i - j);
}

/** Mean squared distance from each point to the nearest of the others, both ways added up (Chamfer-L2). */
export function chamfer(a: Points, b: Points): number {
  const one = (from: Points, to: Points) => {
    const n = from.length / 3;
    let sum = 0;
    for (let i = 0; i < n; i++) {
      let least = Number.POSITIVE_INFINITY;
      for (let j = 0; j < to.length / 3; j++) least = Math.min(least, square(from, i, to, j));
      sum += least;
    }
    return sum / n;
  };
  return one(a, b) + one(b, a);
}

/** Around the mean, the farthest point at distance 1. */
function unit(points: Points): Points {
  const n = points.length / 3;
  const mean = [0, 1, 2].map((axis) => points.reduce((sum, v, i) => (i % 3 === axis ? sum + v : sum), 0) / n);
  const centred = Float64Array.from(points, (v, i) => v - mean[i % 3]);
  let most = 0;
  for (let i = 0; i < n; i++) most = Math.max(most, Math.hypot(...centred.subarray(3 * i, 3 * i + 3)));
  return Float32Array.from(centred, (v) => v / (most || 1));
}

/** A cloud's groups as tokens: what is seen of them, relative to their centres, and these. */
export async function encodeCloud(given: Input, how: Grouping, signal?: AbortSignal): Promise<Encoded> {
  const { groups, size, cls } = how;
  const { points, hidden } = read(given, how);
  const centres = await farthest(points, groups, signal);
  const order = [...centres.keys()].sort((a, b) => Number(hidden.has(a)) - Number(hidden.has(b)) || a - b);
  const inOrder = order.map((g) => centres[g]);
  const members = await neighbours(points, inOrder, size, signal);
  const n = groups + Number(cls);
  const [words, truth] = [new Float32Array(n * size * 3), new Float32Array(n * size * 3)];
  const places = new Float32Array(n * 3);
  const [seen, blank] = [new Float32Array(n), new Float32Array(n)];
  for (const [g, inside] of members.entries()) {
    const centre = points.subarray(3 * inside[0], 3 * inside[0] + 3);
    places.set(centre, 3 * g);
    (hidden.has(order[g]) ? blank : seen)[g] = 1;
    const around = inside.flatMap((i) => [0, 1, 2].map((c) => points[3 * i + c] - centre[c]));
    (seen[g] ? words : truth).set(around, g * size * 3);
  }
  const { text, tokens } = namedTokens(members.map((_, g) => `group ${g + 1}`));
  if (cls) tokens.push({ id: groups, text: "[CLS]", start: null, end: null, special: true });
  const cloud = { points: points.length / 3, groups: members, ...(how.hidden && { hidden: hidden.size }) };
  return {
    text,
    tokens,
    warnings: [],
    given: { tokenEmbeddings: words, centers: places, seen, ...(how.hidden && { blank, truth }) },
    cloud,
  };
}

function read(given: Input, how: Grouping): { points: Points; hidden: Set<number> } {
  try {
    const { points, hidden } = (given ?? {}) as PointCloud;
    const found = coordinates(points, how);
    return { points: how.normalize ? unit(found) : found, hidden: hiding(hidden, how) };
  } catch (cause) {
    throw unreadable("the points", cause);
  }
}

function coordinates(points: PointCloud["points"], { groups, size }: Grouping): Points {
  if (!Array.isArray(points)) throw invalid(`this model reads { points }, each x, y and z, not ${quote(points)}`);
  const least = Math.max(groups, size);
  if (points.length < least) throw invalid(`there are ${points.length} points, this model needs ${least} or more`);
  const most = Math.min(MOST, Math.floor(MOST_DISTANCES / groups));
  if (points.length > most) {
    const message = `there are ${points.length} points; a model of ${groups} groups takes at most ${most}`;
    throw new RelpropError("LimitExceeded", message, { points: points.length, most });
  }
  const found = new Float32Array(points.length * 3);
  for (let i = 0; 3 * i < found.length; i++) {
    const point = finiteNumbers(points[i], 3);
    if (!point) throw invalid(`point ${i} is ${quote(points[i])}, it must be three finite numbers`);
    found.set(point, 3 * i);
  }
  return found;
}

/** The groups that are hidden: those that are named, or a share of them by chance that is always the same. */
function hiding(hidden: PointCloud["hidden"], { groups, hidden: share }: Grouping): Set<number> {
  if (!share) {
    if (hidden === undefined) return new Set();
    throw invalid("this model does not reconstruct groups; leave out `hidden`");
  }
  if (hidden === undefined) {
    const draw = uniform(0);
    const ranks = Array.from({ length: groups }, draw);
    const order = [...ranks.keys()].sort((a, b) => ranks[a] - ranks[b]);
    return new Set(order.slice(0, Math.trunc(share * groups)));
  }
  const list = Array.isArray(hidden) ? elements<number>(hidden) : undefined;
  if (!list) throw invalid(`hidden is a list of groups, not ${quote(hidden)}`);
  const known = new Set(list);
  const odd = [...known].find((g) => !(Number.isInteger(g) && g >= 0 && g < groups));
  if (odd !== undefined) throw invalid(`there is no group ${quote(odd)}; this model makes 0 to ${groups - 1}`);
  if (!known.size) throw invalid("no group is hidden: there is nothing to reconstruct");
  if (known.size === groups) throw invalid("all groups are hidden: there is nothing to reconstruct from");
  return known;
}

const invalid = (message: string) => new RelpropError("InvalidInput", message);
