// Hands on a map: drag, pinch, wheel and keys, as calls.

export interface Gestures {
  pan(x: number, y: number): void;
  /** About a point of the element. */
  zoom(by: number, x?: number, y?: number): void;
  hover(x: number, y: number): void;
  leave(): void;
  step(columns: number, rows: number): void;
  fit(): void;
  isZoomed(): boolean;
}

export function gestures(element: HTMLElement, { pan, zoom, hover, leave, step, fit, isZoomed }: Gestures): void {
  const down = new Map<number, { x: number; y: number }>();
  const place = ({ clientX, clientY }: MouseEvent) => {
    const { left, top } = element.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  };
  const spread = () => {
    const [a, b] = [...down.values()];
    return { gap: Math.hypot(a.x - b.x, a.y - b.y), x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
  };

  element.addEventListener("pointerdown", (event) => {
    down.set(event.pointerId, place(event));
    element.setPointerCapture(event.pointerId);
    const { x, y } = place(event);
    hover(x, y);
  });
  element.addEventListener("pointermove", (event) => {
    const to = place(event);
    const from = down.get(event.pointerId);
    if (!from) return hover(to.x, to.y);
    if (down.size === 1) {
      pan(to.x - from.x, to.y - from.y);
      down.set(event.pointerId, to);
    } else if (down.size === 2) {
      const before = spread();
      down.set(event.pointerId, to);
      const after = spread();
      pan(after.x - before.x, after.y - before.y);
      if (before.gap) zoom(after.gap / before.gap, after.x, after.y);
    }
  });
  const up = ({ pointerId }: PointerEvent) => down.delete(pointerId);
  element.addEventListener("pointerup", up);
  element.addEventListener("pointercancel", up);
  element.addEventListener("pointerleave", ({ pointerType }) => pointerType === "mouse" && !down.size && leave());
  element.addEventListener("dblclick", (event) => {
    const { x, y } = place(event);
    zoom(2, x, y);
  });

  // The wheel belongs to the page until one has gone into the map, or pinches on a trackpad (which comes with Ctrl).
  element.addEventListener(
    "wheel",
    (event) => {
      const { x, y } = place(event);
      if (event.ctrlKey || event.metaKey || document.activeElement === element) {
        event.preventDefault();
        zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.002)), x, y);
      } else if (Math.abs(event.deltaX) > Math.abs(event.deltaY) && isZoomed()) {
        event.preventDefault();
        pan(-event.deltaX, 0);
      }
    },
    { passive: false },
  );

  const keys: Record<string, () => void> = {
    ArrowLeft: () => step(-1, 0),
    ArrowRight: () => step(1, 0),
    ArrowUp: () => step(0, -1),
    ArrowDown: () => step(0, 1),
    Home: () => step(-Infinity, 0),
    End: () => step(Infinity, 0),
    "+": () => zoom(1.5),
    "=": () => zoom(1.5),
    "-": () => zoom(1 / 1.5),
    "0": fit,
  };
  element.addEventListener("keydown", (event) => {
    const act = keys[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });
}
