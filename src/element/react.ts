// The custom element as a React component, in React 18 and 19. On a server it is HTML that is seen before scripts run.

import { type CSSProperties, createElement, type ReactElement, useEffect, useRef } from "react";
import type { Attribution } from "../attribution/attribution.ts";
import type { AttributeOptions } from "../attribution/options.ts";
import type { Explanation } from "../explain/explanation.ts";
import type { ExplainOptions } from "../explain/options.ts";
import type { FragmentOptions } from "../render/options.ts";
import { define, type RelpropHeatmap } from "./element.ts";
import type { HeatmapEventMap, HeatmapSegment } from "./events.ts";
import type { Explainer } from "./explaining.ts";
import { shadowHtml } from "./view.ts";

/** The element's properties, and its events as callbacks. */
export interface HeatmapProps extends FragmentOptions {
  /** What is shown. */
  explanation?: Explanation | Attribution;
  /** In place of an explanation: a model of load() and the text that it explains, once both are there. */
  model?: Explainer;
  /** What `model` explains. */
  text?: string;
  /** Options of explain(). */
  options?: ExplainOptions | AttributeOptions;
  /** The pointer or the keyboard is on another token; null when it leaves. */
  onTokenHover?: (segment: HeatmapSegment | null) => void;
  /** A token is clicked, or Enter or Space is pressed on it. */
  onTokenSelect?: (segment: HeatmapSegment) => void;
  /** The model has explained the text. */
  onExplained?: (explanation: Explanation | Attribution) => void;
  /** The text could not be explained or shown. The element shows the error's message, also without this. */
  onError?: (error: Error) => void;
  /** The element's id. */
  id?: string;
  /** The element's class. */
  className?: string;
  /** The element's inline style. */
  style?: CSSProperties;
}

/**
 * An explanation's text in colour: `<Heatmap explanation={explanation} />`, or `<Heatmap model={model} text={text} />`.
 * @throws InvalidInput on a server, if what is given is no explanation of a text; in a browser the element shows the message.
 */
export function Heatmap(props: HeatmapProps): ReactElement {
  const { explanation, model, text, options, by, theme, legend, caption, id, className, style } = props;
  const element = useRef<RelpropHeatmap>(null);
  const latest = useRef(props);

  useEffect(() => {
    latest.current = props;
    define();
    Object.assign(element.current!, { text, options, by, theme, legend, caption, model });
    if (explanation || !model) element.current!.explanation = explanation;
    return undefined;
  });

  useEffect(() => {
    const { current } = element;
    const listeners: { [K in keyof HeatmapEventMap]: (event: HeatmapEventMap[K]) => void } = {
      tokenhover: ({ detail }) => latest.current?.onTokenHover?.(detail),
      tokenselect: ({ detail }) => latest.current?.onTokenSelect?.(detail),
      explained: ({ detail }) => latest.current?.onExplained?.(detail),
      explainerror: ({ detail }) => latest.current?.onError?.(detail),
    };
    const all = Object.entries(listeners) as [keyof HeatmapEventMap, (event: Event) => void][];
    for (const [type, listener] of all) current!.addEventListener(type, listener);
    return () => {
      for (const [type, listener] of all) current!.removeEventListener(type, listener);
    };
  }, []);

  // A browser makes a shadow root of this template, so that React finds the element as empty as it makes it.
  const isServer = typeof document === "undefined";
  const html = isServer && explanation && { __html: shadowHtml(explanation, { by, theme, legend, caption }) };
  return createElement("relprop-heatmap", {
    ref: element,
    id,
    class: className,
    style,
    suppressHydrationWarning: true,
    ...(html && { dangerouslySetInnerHTML: html }),
  });
}
