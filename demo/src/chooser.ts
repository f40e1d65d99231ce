// Ways to another model: a folder dropped or picked, the shipped one again, the same on another backend.

import type { Model } from "../../src/runtime/model.ts";
import { byId } from "./dom.ts";
import { dropped, type Folder, picked } from "./folder.ts";
import { type Backend, type Origin, shipped } from "./model.ts";

export interface Choice {
  /** The model in use, if not another one. */
  origin?: Origin;
  backend?: Backend;
}

export function chooser(choose: (choice: Choice) => void, fail: (error: unknown) => void, home = shipped): void {
  for (const radio of backends()) radio.onchange = () => choose({ backend: radio.value as Backend });
  byId("shipped").onclick = () => choose({ origin: home });

  const useFolder = ({ name, files }: Folder) => choose({ origin: { source: files, name } });
  const folder = byId<HTMLInputElement>("folder");
  byId("pick").onclick = () => folder.click();
  folder.onchange = () => {
    if (folder.files?.length) useFolder(picked(folder.files));
    folder.value = ""; // so that the same folder can be picked again
  };

  const drop = byId("drop");
  const holdsFiles = ({ dataTransfer }: DragEvent) => dataTransfer?.types.includes("Files");
  addEventListener("dragenter", (event) => {
    drop.hidden = !holdsFiles(event);
  });
  addEventListener("dragover", (event) => holdsFiles(event) && event.preventDefault());
  addEventListener("dragleave", ({ relatedTarget }) => {
    if (!relatedTarget) drop.hidden = true;
  });
  addEventListener("drop", (event) => {
    drop.hidden = true;
    if (!holdsFiles(event)) return;
    event.preventDefault();
    dropped(event.dataTransfer!.items).then(useFolder, fail);
  });
}

/** Shows what is in use, and why it is not the GPU. */
export function chosen(origin: Origin, model: Model | undefined, home = shipped): void {
  byId("shipped").hidden = origin === home;
  byId("backend").title = model?.fallbackReason ?? "";
  for (const radio of backends()) radio.checked = radio.value === model?.backend;
}

const backends = () => document.querySelectorAll<HTMLInputElement>("#backend input");
