// The custom element <relprop-heatmap>: importing this file defines it.

import { define } from "./element/element.ts";

export { RelpropHeatmap } from "./element/element.ts";
export type { HeatmapEventMap, HeatmapSegment } from "./element/events.ts";
export { heatmapHtml } from "./element/view.ts";

define();
