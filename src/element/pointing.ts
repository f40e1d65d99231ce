// The pointer and the keyboard on the element's tokens.

import type { Segment } from "../render/fragment.ts";

const STEPS: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowUp: -1,
  ArrowRight: 1,
  ArrowDown: 1,
  Home: -Infinity,
  End: Infinity,
};

interface Send {
  (type: "tokenhover", segment: Segment | null): void;
  (type: "tokenselect", segment: Segment): void;
}

/** Listens on a root, of which the content comes and goes; `marked` are the segments of its marks, in order. */
export function listen(root: ShadowRoot, marked: () => readonly Segment[], send: Send): void {
  const marks = () => [...root.querySelectorAll<HTMLElement>(".relprop-token")];
  const at = ({ target }: Event) => marks().indexOf(target as HTMLElement);
  let hovered: Segment | null = null;
  const hover = (mark: number) => {
    const now = marked()[mark] ?? null;
    if (now === hovered) return;
    hovered = now;
    send("tokenhover", now);
  };
  for (const type of ["pointerover", "focusin"]) root.addEventListener(type, (event) => hover(at(event)));
  root.host.addEventListener("pointerleave", () => hover(-1));
  root.addEventListener("focusout", () => hover(-1));
  root.addEventListener("click", (event) => {
    const mark = at(event);
    if (mark < 0) return;
    move(marks(), mark);
    send("tokenselect", marked()[mark]);
  });
  root.addEventListener("keydown", (event) => {
    const { key, ctrlKey, metaKey, altKey, target } = event as KeyboardEvent;
    const mark = at(event);
    if (mark < 0 || ctrlKey || metaKey || altKey) return;
    if (Object.hasOwn(STEPS, key)) {
      const all = marks();
      // Left leads on where text runs from right to left.
      const isTurned = /Left|Right/.test(key) && getComputedStyle(target as Element).direction === "rtl";
      move(all, Math.min(Math.max(mark + (isTurned ? -1 : 1) * STEPS[key], 0), all.length - 1));
    } else if (key === "Enter" || key === " ") send("tokenselect", marked()[mark]);
    else return;
    event.preventDefault();
  });
}

/** One mark is in the order of tabs, the one that was last visited. */
function move(marks: readonly HTMLElement[], to: number): void {
  for (const [i, mark] of marks.entries()) {
    mark.tabIndex = i === to ? 0 : -1;
    mark.setAttribute("aria-selected", String(i === to));
  }
  marks[to].focus();
}
