// tokenizer.json of every family, changed at any place.

import { changed } from "./configs.ts";

export const fuzzer = changed("tokenizer.json");
