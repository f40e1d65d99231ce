// What a planted fault is. The lists are by folder: ops.ts, models.ts, kernels.ts (assembly/), shaders.ts and formats.ts.

export interface Planted {
  file: string;
  /** The backend that must catch these; by default WebGPU in shaders/, WASM elsewhere. */
  on?: "wasm" | "webgpu";
  /** Tests that are tried first: files without `.test.ts`, or `file: part of a title|part of another`. */
  tests: readonly string[];
  /** By what each is: text that `file` has exactly once, and what takes its place. */
  faults: Readonly<Record<string, readonly [text: string, instead: string]>>;
}

export interface Fault {
  file: string;
  on: "wasm" | "webgpu";
  tests: readonly string[];
  name: string;
  text: string;
  instead: string;
}

/** One by one. */
export const faultsOf = (planted: readonly Planted[]): Fault[] =>
  planted.flatMap(({ file, on = file.startsWith("shaders/") ? "webgpu" : "wasm", tests, faults }) =>
    Object.entries(faults).map(([name, [text, instead]]) => ({ file, on, tests, name, text, instead })),
  );

export const label = ({ file, name, on }: Fault): string =>
  `${file}: ${name}${file.startsWith("src/") && on === "webgpu" ? ", on WebGPU" : ""}`;
