// The app of app/ through every bundler, and through none; each opens the result and compares its answers.

import assert from "node:assert/strict";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import * as esbuild from "esbuild";
import { Miniflare } from "miniflare";
import { run } from "./app.mjs";

/** Bundles an edge function as its modules, the script first. */
export async function bundle(app, entry, conditions) {
  const outdir = app.in(`out/${entry}-${conditions}`);
  await esbuild.build({
    entryPoints: [app.in(entry)],
    bundle: true,
    minify: true,
    format: "esm",
    conditions,
    loader: { ".wasm": "copy" },
    outdir,
    logLevel: "error",
  });
  const modules = readdirSync(outdir).map((name) => ({
    type: name.endsWith(".wasm") ? "CompiledWasm" : "ESModule",
    path: join(outdir, name),
  }));
  return { outdir, modules: modules.sort((a, b) => b.type.localeCompare(a.type)) };
}

/** An edge function in workerd, from a build of `entry`; all it can reach is the model, or this machine's network. */
export async function edge(app, { entry = "edge.js", conditions = ["workerd"], network = false }, use) {
  const { outdir, modules } = await bundle(app, entry, conditions);
  const model = async (request) => {
    const { pathname } = new URL(request.url);
    const body = await readFile(app.in(pathname.replace("sst2-tiny", "public/model"))).catch(() => undefined);
    return new Response(body, { status: body ? 200 : 404 });
  };
  const miniflare = new Miniflare({
    modulesRoot: outdir,
    modules,
    compatibilityDate: "2026-04-01",
    ...(!network && { outboundService: model }),
  });
  try {
    return await use(async (path) => (await miniflare.dispatchFetch(`http://edge.example${path}`)).json());
  } finally {
    await miniflare.dispose();
  }
}

const viteOptions = (app, name) => {
  app.html(".", "/page.js");
  return { root: app.folder, configFile: false, logLevel: "error", cacheDir: app.in(`.${name}`) };
};

export async function viteServer(app, name, queries) {
  const { createServer } = await import(name);
  const server = await createServer({ ...viteOptions(app, name), server: { port: 0, host: "127.0.0.1" } });
  await server.listen();
  await app.page(server.resolvedUrls.local[0], queries).finally(() => server.close());
}

export async function viteBuild(app, name, queries) {
  const { build } = await import(name);
  const outDir = `out-${name}`;
  await build({ ...viteOptions(app, name), build: { outDir }, worker: { format: "es" } });
  await built(app, outDir, queries);
}

export async function webpack(app, queries) {
  const { default: webpack } = await import("webpack");
  const output = { path: app.in("out-webpack"), filename: "page.js" };
  const compiler = webpack({ mode: "production", context: app.folder, entry: "./page.js", output, performance: false });
  const stats = await promisify(compiler.run.bind(compiler))();
  await promisify(compiler.close.bind(compiler))();
  assert.equal(stats.toString({ all: false, errors: true, warnings: true }), "");
  app.html("out-webpack", "/page.js");
  await built(app, "out-webpack", queries);
}

export async function bundled(app, queries) {
  const entryPoints = ["page.js", "explainer.js"].map((name) => app.in(name));
  const options = { bundle: true, minify: true, format: "esm", logLevel: "silent" };
  const { warnings } = await esbuild.build({ ...options, entryPoints, outdir: app.in("out-esbuild") });
  assert.deepEqual(warnings, []);
  app.html("out-esbuild", "/page.js");
  await built(app, "out-esbuild", queries);
}

async function built(app, folder, queries) {
  const site = await app.site(folder);
  await app.page(site.origin, queries).finally(site.close);
}

/**
 * A page without a build: relprop.min.js from another origin, under a policy that allows no more than it needs, which is
 * `scripts` beside the scripts' origins and `connect` beside the page's own.
 */
export async function unbundled(app, { scripts = "", connect = "", page = "page.js" }, use) {
  const cdn = await app.site("node_modules/relprop/dist", { "access-control-allow-origin": "*" });
  mkdirSync(app.in("plain"), { recursive: true });
  for (const name of [page, "app.js", "explainer.js", "faults.js"]) {
    const source = await readFile(app.in(name), "utf8");
    const found = source
      .replace('"relprop"', `"${cdn.origin}/relprop.min.js"`)
      .replace('"relprop/models/sst2-tiny"', `"${cdn.origin}/models/sst2-tiny.js"`);
    writeFileSync(app.in(`plain/${name}`), found);
  }
  app.html("plain", `/${page}`);
  const policy = `default-src 'none'; connect-src 'self' ${connect}; worker-src 'self' blob: ${cdn.origin};
    script-src 'self' ${cdn.origin} ${scripts}`.replace(/\s+/g, " ");
  const site = await app.site("plain", { "content-security-policy": policy });
  await use(site.origin).finally(() => {
    site.close();
    cdn.close();
  });
}

/** Checks a file's types, the package found as Node finds it and as bundlers do. */
export async function compile(app, lib, file, resolutions = ["nodenext", "bundler"]) {
  const flags = ["--lib", `es2022,esnext.disposable,${lib}`, "--strict", "--noEmit", "--target", "es2022"];
  for (const resolution of resolutions) {
    const how = ["--module", resolution === "nodenext" ? "nodenext" : "esnext", "--moduleResolution", resolution];
    const tsc = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));
    await run(process.execPath, [tsc, ...flags, ...how, app.in(file)], { cwd: app.folder }).catch((error) => {
      throw new Error(error.stdout);
    });
  }
}
