// A copy of the repository in which one fault at a time is planted, made ready to run, and taken out again.

import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { type Fault, label } from "./fault.ts";

const PATIENCE = 20 * 60_000; // milliseconds for a step, many times what the longest takes

/** What a process printed, and whether it ended with status 0. */
interface Ended {
  good: boolean;
  printed: string;
}

export class Copy {
  readonly #folder = mkdtempSync(join(tmpdir(), "relprop-mutate-"));

  /** Of what git knows or would, and of what is generated; or of another copy. */
  constructor(of?: Copy) {
    const listed = () => execFileSync("git", ["ls-files", "-co", "--exclude-standard", "-z"], { encoding: "utf8" });
    const paths = of ? ["."] : [...listed().split("\0"), "src/generated", "assembly/generated", "build"];
    for (const path of paths.filter(Boolean)) {
      cpSync(of ? of.#at(path) : path, this.#at(path), { recursive: true, verbatimSymlinks: true });
    }
    if (!of) symlinkSync(resolve("node_modules"), this.#at("node_modules"));
  }

  /** Makes what the sources import from assembly/ and shaders/, and keeps it for restore(). */
  async generate(): Promise<void> {
    for (const part of ["kernels", "shaders"]) await this.#generate("the copy", part);
    this.#copy("src/generated", "generated");
  }

  /** Which of these faults in TypeScript the compiler refuses, and why: each as a file of its own beside its source. */
  async refused(faults: readonly Fault[]): Promise<Map<Fault, string>> {
    const files = faults.map(({ file }, i) => file.replace(/\.ts$/, `.fault${i}.ts`));
    faults.forEach((fault, i) => {
      writeFileSync(this.#at(files[i]), planted(fault, this.#folder));
    });
    const unused = ["--noUnusedLocals", "false", "--noUnusedParameters", "false"]; // a fault may leave a name behind
    const { good, printed } = await this.#run(["node_modules/typescript/bin/tsc", "-p", "tsconfig.json", ...unused]);
    for (const file of files) rmSync(this.#at(file));
    const found = faults.flatMap((fault, i) => {
      const line = printed.split("\n").find((line) => line.startsWith(files[i]));
      return line ? [[fault, line] as const] : [];
    });
    if (!good && !found.length) throw new Error(`the copy does not compile\n${printed}`);
    return new Map(found);
  }

  /** Runs `work` with the fault planted. */
  async with<R>(fault: Fault, work: () => Promise<R>): Promise<R> {
    const [folder] = fault.file.split("/");
    const path = this.#at(fault.file);
    const sound = readFileSync(path);
    try {
      writeFileSync(path, planted(fault, this.#folder));
      if (folder === "assembly") await this.#generate("it", "kernels", ...this.#entry(fault.file));
      if (folder === "shaders") await this.#generate("it", "shaders");
      return await work();
    } finally {
      writeFileSync(path, sound);
      if (folder !== "src") this.#copy("generated", "src/generated");
    }
  }

  /** The first test that fails, of these files in their order. */
  async failing(tests: readonly string[], on: string): Promise<{ file: string; test: string } | undefined> {
    const args = ["--import", "./test/hook.mjs", "test/mutate/first.mjs", ...tests];
    const { good, printed } = await this.#run(args, { RELPROP_BACKENDS: on });
    if (good) return undefined;
    const [compiler] = /Error while parsing WGSL.*/.exec(printed) ?? [];
    if (compiler) throw new Error(`it does not compile: ${compiler}`);
    const [, file, test] = /^FAIL (\S+)\.test\.ts, (.*)$/m.exec(printed) ?? [];
    if (test === undefined) throw new Error(`${tests} end without a test that fails\n${printed.slice(-2000)}`);
    return { file, test };
  }

  /** Which kernels alone a file of assembly/ is of, if it is of one kind. */
  #entry(file: string): string[] {
    const name = `"./${basename(file, ".ts")}"`;
    const lists = (entry: string) => readFileSync(this.#at(`assembly/${entry}.ts`), "utf8").includes(name);
    const listed = ["usual", "rare"].filter((entry) => lists(entry) || lists(`generated/${entry}`));
    return listed.length === 1 ? listed : [];
  }

  async #generate(what: string, ...parts: string[]): Promise<void> {
    const { good, printed } = await this.#run(["build.mjs", "generate", ...parts]);
    if (!good) throw new Error(`${what} does not compile\n${printed.slice(-2000)}`);
  }

  #run(args: string[], env: Record<string, string> = {}): Promise<Ended> {
    const child = spawn(process.execPath, args, {
      cwd: this.#folder,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: PATIENCE,
      killSignal: "SIGKILL",
    });
    let printed = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        printed += text;
      });
    }
    return new Promise((done, fail) => {
      child.on("error", fail);
      child.on("close", (code) => done({ good: code === 0, printed }));
    });
  }

  #at(path: string): string {
    return join(this.#folder, path);
  }

  #copy(from: string, to: string): void {
    cpSync(this.#at(from), this.#at(to), { recursive: true });
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The source with the fault in it. Throws if the text that it replaces is not there exactly once. */
export function planted(fault: Fault, folder = "."): string {
  const parts = readFileSync(join(folder, fault.file), "utf8").split(fault.text);
  if (parts.length !== 2) throw new Error(`${label(fault)}: its text is there ${parts.length - 1} times`);
  return parts.join(fault.instead);
}
