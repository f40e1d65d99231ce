// What the element's events carry.

import type { Attribution } from "../attribution/attribution.ts";
import type { Explanation } from "../explain/explanation.ts";
import type { Segment } from "../render/fragment.ts";

/** A run of the text as the element's events name it. */
export type HeatmapSegment = Segment;

/** The element's own events, which bubble, also out of shadow roots. */
export interface HeatmapEventMap {
  /** The pointer or the keyboard is on another token; null when it leaves. */
  tokenhover: CustomEvent<HeatmapSegment | null>;
  /** A token is clicked, or Enter or Space is pressed on it. */
  tokenselect: CustomEvent<HeatmapSegment>;
  /** The model has explained the text. */
  explained: CustomEvent<Explanation | Attribution>;
  /** The model has not explained the text, or the explanation cannot be drawn: a `RelpropError`. */
  explainerror: CustomEvent<Error>;
}
