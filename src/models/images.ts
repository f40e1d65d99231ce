// What a model of images needs of files other than its config.

import type { Files } from "../checkpoint/files.ts";
import { readJson } from "../checkpoint/json.ts";
import { RelpropError } from "../errors.ts";
import { encodeImage } from "../inputs/images/encode.ts";
import type { Image } from "../inputs/images/picture.ts";
import { outcome, preparation, processor } from "../inputs/images/prepare.ts";
import type { Architecture } from "./family.ts";

/** The architecture for images as preprocessor_config.json prepares them. */
export async function withProcessor(design: Architecture, files: Files, signal?: AbortSignal): Promise<Architecture> {
  const found = await readJson(files, "preprocessor_config.json", { code: "ConfigInvalid", most: 2 ** 20, signal });
  if (!found) throw new RelpropError("MissingFile", "the model has no preprocessor_config.json", {});
  const config = processor(found, design.image!.processor);
  const size = design.sized && outcome(config);
  const sized = size ? design.sized!(size) : design;
  const image = { ...sized.image!, prepare: preparation(config, sized.image!) };
  return { ...sized, image, encode: (input) => encodeImage(image, input as Image) };
}
