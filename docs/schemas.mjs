// JSON Schemas of results, of the types that `npm run build` left in dist/types: public/schema/NAME.json.

import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createGenerator } from "ts-json-schema-generator";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

const generator = createGenerator({
  path: at("results.ts"),
  tsconfig: at("tsconfig.schema.json"),
  skipTypeCheck: true,
  additionalProperties: true,
});
mkdirSync(at("public/schema"), { recursive: true });
const names = "Explanation AnswerMatrix Attribution Prediction Generation Diagnosis Lens Evaluation".split(" ");
for (const name of names) {
  const schema = { title: name, ...generator.createSchema(`${name}Result`) };
  writeFileSync(at(`public/schema/${name.toLowerCase()}.json`), `${JSON.stringify(schema, null, 2)}\n`);
}
