// The package's declarations in the TypeScript that a user may have, as strictly as it can be: nothing of a library is skipped.

import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { run } from "./app.mjs";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

/** From the first version that the package supports to the newest. */
const versions = ["typescript54", "typescript57", "typescript59", "typescript60"];
const compilers = [
  ...versions.map((name) => at(`node_modules/${name}/bin/tsc`)),
  at("../../node_modules/typescript/bin/tsc"),
];

/** With a page's types, and with nothing but the language's own; as Node finds packages, and as bundlers do. */
const projects = {
  page: {
    module: "nodenext",
    moduleResolution: "nodenext",
    lib: ["es2022", "dom"],
    files: ["types.ts", "overloads.ts"],
  },
  bare: { module: "esnext", moduleResolution: "bundler", lib: ["es2022"], files: ["overloads.ts"] },
};

/** In 5.9: where @webgpu/types is installed, which contradicts the DOM types of later versions; and in Node's older mode. */
const more = {
  webgpu: { ...projects.page, types: [at("../../node_modules/@webgpu/types")], files: ["webgpu.ts"] },
  node16: { ...projects.page, module: "node16", moduleResolution: "node16" },
};

/** Every project in every version, two at a time. */
export async function everyVersion(app) {
  const jobs = compilers.flatMap((tsc) => Object.entries(projects).map(([name, project]) => [tsc, name, project]));
  for (const [name, project] of Object.entries(more)) jobs.push([compilers[2], name, project]);
  const work = async () => {
    for (let job = jobs.shift(); job; job = jobs.shift()) await compiled(app, ...job);
  };
  await Promise.all([work(), work()]);
}

async function compiled(app, tsc, name, { files, ...options }) {
  const config = app.in(`tsconfig.${name}.${compilers.indexOf(tsc)}.json`);
  const strict = { strict: true, skipLibCheck: false, noEmit: true, target: "es2022", types: [] };
  writeFileSync(config, JSON.stringify({ compilerOptions: { ...strict, ...options }, files }));
  await run(process.execPath, [tsc, "-p", config], { cwd: app.folder }).catch(({ stdout }) => {
    throw new Error(`${tsc}, ${name}:\n${stdout}`);
  });
}
