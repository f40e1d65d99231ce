// Lets Node 20 run the TypeScript sources as they are; newer versions strip types themselves.
import { register } from "node:module";

if (!process.features.typescript) register("./loader.mjs", import.meta.url);
