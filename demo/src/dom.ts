// The little of a framework that this page needs. Text from users and checkpoints only ever becomes text nodes.

type Child = Node | string | undefined | false;

/** An element with properties, `data-` attributes, `aria-` attributes and children. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  {
    data,
    aria,
    ...props
  }: Partial<Omit<HTMLElementTagNameMap[K], "style" | "dataset">> & {
    data?: Record<string, string>;
    aria?: Record<string, string>;
  } = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = Object.assign(document.createElement(tag), props);
  Object.assign(element.dataset, data);
  for (const [name, value] of Object.entries(aria ?? {})) element.setAttribute(`aria-${name}`, value);
  element.append(...children.filter((child) => child !== undefined && child !== false));
  return element;
}

/** The element of index.html with this id. */
export function byId<E extends Element = HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html has no #${id}`);
  return found as Element as E;
}

/** Text that keeps to its own direction, whatever script it is in. */
export const isolated = (text: string) => el("bdi", {}, text);

/** Resolves once what has been drawn by now is on the screen. */
export const painted = () => new Promise<void>((resolve) => requestAnimationFrame(() => setTimeout(resolve)));

/** A call that waits until nobody has asked for it for a while. */
export function afterPause<A extends unknown[]>(act: (...given: A) => void, milliseconds = 150): (...given: A) => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(act, milliseconds, ...given);
  };
}
