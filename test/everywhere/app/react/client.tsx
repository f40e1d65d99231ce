// Takes over what server.tsx rendered.
import { hydrateRoot } from "react-dom/client";
import { Heatmap } from "relprop/react";

const found: unknown[] = [];
Object.assign(globalThis, { found });
const explanation = JSON.parse(document.getElementById("explanation")!.textContent!);
hydrateRoot(
  document.getElementById("root")!,
  <Heatmap
    explanation={explanation}
    theme="dark"
    onTokenHover={(one) => found.push(one?.text)}
    onTokenSelect={({ text }) => found.push(`${text}!`)}
  />,
  { onRecoverableError: (error) => found.push(String(error)) },
);
