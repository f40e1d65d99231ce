// The kernels that come with the package: two builds of one source, in one deflated text because they differ in little. Where
// nothing may be compiled at run time, as in edge functions, they are imported and handed over instead.

import { kernels, simdBytes } from "../../generated/kernels.ts";
import type { Build } from "./module.ts";

let provided: Record<Build, WebAssembly.Module> | undefined;

/** The entries for edge functions import the kernels, each in its runtime's way, and hand them over. */
export function provide(compiled: Record<Build, WebAssembly.Module>): void {
  provided = compiled;
}

/** What was handed over. */
export const providedModule = (build: Build): WebAssembly.Module | undefined => provided?.[build];

/** A build's bytes: of the kernels that every explanation needs. */
export const builtin = (build: Build): Promise<Uint8Array<ArrayBuffer>> => inflated(kernels, simdBytes, build);

/** The others, as a module of their own that works on the same memory; those handed over have all. */
export async function rest(build: Build): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (provided) return undefined;
  const { kernels, simdBytes } = await import("../../generated/rare-kernels.ts");
  return inflated(kernels, simdBytes, build);
}

async function inflated(text: string, simdBytes: number, build: Build): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([decode(text)]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const both = new Uint8Array(await new Response(stream).arrayBuffer());
  const [a, b] = [simdBytes >> 1, (both.length - simdBytes) >> 1]; // the first half of each, then the second
  const halves =
    build === "simd"
      ? [both.slice(0, a), both.slice(a + b, b + simdBytes)]
      : [both.slice(a, a + b), both.slice(b + simdBytes)];
  return new Uint8Array(await new Blob(halves).arrayBuffer());
}

function decode(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
