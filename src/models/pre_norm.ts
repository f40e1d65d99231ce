import type { Tensor } from "../graph/tensor.ts";
import type { NetworkInputs } from "./family.ts";
import { type Attention, attentionSublayer, feedForwardSublayer } from "./layers.ts";

/** What a block with norms first is made of; norms of what a half adds are the last that `project.o` and `down` do. */
export interface PreNorm extends Attention {
  /** The norm before attention, if there is one. */
  before?(x: Tensor): Tensor;
  /** The norm before the feed-forward half, if there is one; of parallel halves that have none, attention's. */
  after?(x: Tensor): Tensor;
  /** Makes neurons of the normalised stream, and what is added of them; without `down`, `up` makes that itself. */
  up(x: Tensor): Tensor;
  down?(neurons: Tensor): Tensor;
  /** Whether both halves read what enters the block (Wang and Komatsuzaki, 2021). */
  parallel?: boolean;
}

const same = (x: Tensor) => x;

/** A block that normalises what each half reads (Xiong et al., 2020). */
export function preNorm(
  read: Tensor,
  x: Tensor,
  embedded: NetworkInputs,
  { before = same, after, up, down, parallel, ...how }: PreNorm,
): Tensor {
  const normed = before(x);
  embedded.capture?.({ normed });
  const asking = read === x ? normed : before(read);
  const attended = attentionSublayer(read, asking, normed, embedded, how);
  if (!parallel) return feedForwardSublayer(attended, (after ?? same)(attended), embedded, up, down);
  return feedForwardSublayer(attended, after?.(read) ?? asking, embedded, up, down, parallel);
}
