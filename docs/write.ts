// `npm run docs:write`: writes what pages.ts generates.

import { writeFileSync } from "node:fs";
import { pages } from "./pages.ts";

for (const [path, content] of await pages()) writeFileSync(new URL(`../${path}`, import.meta.url), content);
