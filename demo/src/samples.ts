// Texts to start from.

import { el } from "./dom.ts";

const texts: [name: string, text: string][] = [
  ["praise", "A gorgeous, witty, seductive movie."],
  ["a negation", "It is not a bad movie, though the ending drags and the jokes fall flat."],
  ["a change of mind", "I expected nothing and was still charmed: a small, warm, funny film that earns its tears."],
  ["a scathing one", "Unflinchingly bleak and desperate."],
];

export function samples(root: HTMLElement, choose: (text: string) => void): void {
  const buttons = texts.map(([name, text]) => {
    const button = el("button", { type: "button", className: "link" }, name);
    button.onclick = () => choose(text);
    return button;
  });
  root.append(...buttons.flatMap((button, i) => [i ? ", " : " ", button]), ".");
}
