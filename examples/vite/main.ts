import { html, load } from "relprop";

const form = document.querySelector("form")!;
const button = document.querySelector("button")!;
const output = document.querySelector("output")!;
const frame = document.querySelector("iframe")!;

// In a worker, so that the page stays free. Files of public/ lie at the root.
const model = await load("/sst2-tiny/", {
  worker: true,
  onProgress: ({ all: { loaded, total = loaded } }) => {
    output.value = `Loading … ${Math.floor((100 * loaded) / total)} %`;
  },
});
output.value = "";
button.disabled = false;

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const explanation = await model.explain(String(new FormData(form).get("text")));
    const { label, probability = 0 } = explanation.target; // of other tasks than classes there is none
    output.value = `${label}, ${(100 * probability).toFixed(1)} %`;
    frame.srcdoc = html(explanation);
  } catch (error) {
    output.value = error instanceof Error ? error.message : String(error);
  }
});
