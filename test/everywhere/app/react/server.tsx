// What a server renders of an explanation.
import { writeFileSync } from "node:fs";
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { html as draw, load } from "relprop";
import { heatmapHtml } from "relprop/element";
import sst2 from "relprop/models/sst2-tiny";
import { Heatmap } from "relprop/react";

const model = await load(sst2, { backend: "wasm" });
const explanation = await model.explain("A gorgeous, witty, unbelievably seductive movie.");
await model.dispose();
const page = draw(explanation, { stylesheet: "page.css" });
const html = renderToString(createElement(Heatmap, { explanation, theme: "dark" }));
writeFileSync(
  process.argv[2],
  JSON.stringify({ explanation, html, page, plain: heatmapHtml(explanation, { caption: "A caption" }) }),
);
