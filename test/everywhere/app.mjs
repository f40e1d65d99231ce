// The tarball that npm would publish, installed as a user would install it, and ways to ask it for an explanation.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { launch, serve, types } from "./chromium.mjs";
import { runtimes } from "./runtimes.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
export const run = promisify(execFile);

/** A host that is this machine, but not one that a browser trusts as it does https. */
export const INSECURE = "insecure.example";

const numbers = ({ tokens, ledger }) => [...tokens.map(({ relevance }) => relevance), ...Object.values(ledger)];

/** The sources of app/ beside the installed tarball, away from everything else that is installed here. */
export class App {
  folder = mkdtempSync(join(tmpdir(), "relprop-everywhere-"));

  in(path) {
    return join(this.folder, path);
  }

  /** Packs and installs; the optional peer is not there yet. */
  async install() {
    const { stdout } = await run("npm", ["pack", "--silent", "--pack-destination", this.folder], { cwd: root });
    const tarball = stdout.trim();
    cpSync(join(root, "test/everywhere/app"), this.folder, { recursive: true });
    const manifest = { name: "app", private: true, type: "module", dependencies: { relprop: `file:${tarball}` } };
    writeFileSync(this.in("package.json"), JSON.stringify(manifest));
    await run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline"], { cwd: this.folder });
    cpSync(this.in("node_modules/relprop/models/sst2-tiny"), this.in("public/model"), { recursive: true });
    writeFileSync(this.in("public/favicon.ico"), ""); // every browser asks for it
    console.log(`${tarball}, installed with ${readdirSync(this.in("node_modules")).join(" ")}`);
  }

  installDawn() {
    symlinkSync(join(root, "node_modules/webgpu"), this.in("node_modules/webgpu"), "dir");
  }

  async remove() {
    await (await this.browser)?.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** What a script prints in a runtime, given an argument: JSON both. */
  async shell({ command, args, env }, script, argument, ...flags) {
    const all = [...args, ...flags, this.in(script), JSON.stringify(argument)];
    const { stdout } = await run(command, all, { cwd: this.folder, env: { ...process.env, ...env }, timeout: 120_000 });
    return JSON.parse(stdout.trim().split("\n").pop());
  }

  async expected() {
    this.golden ??= this.shell(runtimes.node, "shell.js", { backend: "wasm", deterministic: true });
    return this.golden;
  }

  /** Compares an explanation with Node's: bit by bit in the deterministic build, else within 1e-5 of Σ|R|. */
  async same(answer, deterministic) {
    assert.ok(answer?.tokens, JSON.stringify(answer));
    const expected = await this.expected();
    const [mine, right] = [numbers(answer), numbers(expected)];
    if (deterministic) return assert.deepEqual(mine, right);
    const scale = expected.tokens.reduce((n, { relevance }) => n + Math.abs(relevance), 0);
    mine.forEach((value, i) => {
      assert.ok(Math.abs(value - right[i]) <= 1e-5 * scale, `${value} for ${right[i]}`);
    });
  }

  /** Opens a page with each query and compares its two answers; nothing may be written to its console. */
  async page(url, queries = [""]) {
    for (const query of queries) {
      const { answers, problems } = await this.visit(new URL(query, url).href);
      assert.deepEqual(problems, [], query);
      assert.ok(Array.isArray(answers), `${query} ${JSON.stringify(answers)}`);
      await this.same(answers[0], true);
      await this.same(answers[1], false);
    }
  }

  /** What a page comes to: its `answers`, and what went wrong on the way. */
  async visit(url) {
    const problems = [];
    const answers = await this.open(
      url,
      async (page) => {
        const there = page.waitForFunction(() => "answers" in globalThis, undefined, { timeout: 60_000 });
        await there.catch((error) => {
          throw new Error(`${url} has no answers: ${problems.join("; ") || error}`);
        });
        return page.evaluate(() => globalThis.answers.catch(({ code, message }) => ({ code, message })));
      },
      problems,
    );
    return { answers, problems };
  }

  /** Opens a page in a browser without a past; what goes wrong in it is a failure, unless `problems` is there to take it. */
  async open(url, use, problems) {
    this.browser ??= launch(`--host-resolver-rules=MAP ${INSECURE} 127.0.0.1`);
    const context = await (await this.browser).newContext();
    const found = problems ?? [];
    try {
      const page = await context.newPage();
      page.on("console", (message) => /error|warning/.test(message.type()) && found.push(message.text()));
      page.on("pageerror", (error) => found.push(String(error)));
      await page.goto(url);
      const result = await use(page);
      // Chromium itself says so when `auto` asks for a GPU and there is none.
      if (!problems)
        assert.deepEqual(
          found.filter((text) => text !== "No available adapters."),
          [],
        );
      return result;
    } finally {
      await context.close();
    }
  }

  /** Serves a folder, the model beside it, with `headers` on every answer. */
  site(folder, headers = {}) {
    return serve(async (path) => {
      const file = path.endsWith("/") ? `${path}index.html` : path;
      const from = /^\/(model\/|favicon)/.test(file) ? "public" : folder;
      return [types[extname(file)] ?? "text/plain", await readFile(this.in(from + file)), headers];
    });
  }

  html(folder, script) {
    const page = `<!doctype html><title>a page</title><script type="module" src="${script}"></script>`;
    writeFileSync(join(this.in(folder), "index.html"), page);
  }
}
