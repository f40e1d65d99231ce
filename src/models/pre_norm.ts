import type { Tensor } from "../graph/tensor.ts";
import type { Embedded } from "./family.ts";
import { type Attention, attentionHalf, feedforwardHalf } from "./layers.ts";

/** What a block with norms first is made of. */
export interface PreNorm extends Attention {
  /** The norms before attention and before the feed-forward half. */
  before(x: Tensor): Tensor;
  after(x: Tensor): Tensor;
  /** Makes neurons of the normalised stream, and what is added of them. */
  up(x: Tensor): Tensor;
  down(neurons: Tensor): Tensor;
}

/** A block that normalises what each half reads, not what it adds (Xiong et al., 2020). */
export function preNorm(
  read: Tensor,
  x: Tensor,
  embedded: Embedded,
  { before, after, up, down, ...how }: PreNorm,
): Tensor {
  const normed = before(x);
  embedded.note?.({ normed });
  const attended = attentionHalf(read, read === x ? normed : before(read), normed, embedded, how);
  return feedforwardHalf(attended, after(attended), embedded, up, down);
}
