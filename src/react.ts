// The custom element as a React component.

export type { HeatmapSegment } from "./element/events.ts";
export { Heatmap, type HeatmapProps } from "./element/react.ts";
