// The kernels that come with the package: two builds of one source, in one deflated text because they differ in little.
// The entries for edge functions have builtin.edge.ts in this file's place.

import { kernels, simdBytes } from "../generated/kernels.ts";
import type { Build } from "./module.ts";

/** A build's bytes: of the kernels that every explanation needs. */
export const builtin = (build: Build): Promise<Uint8Array<ArrayBuffer>> => inflated(kernels, simdBytes, build);

/** The others, as a module of their own that works on the same memory. */
export async function rest(build: Build): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const { kernels, simdBytes } = await import("../generated/rare-kernels.ts");
  return inflated(kernels, simdBytes, build);
}

async function inflated(text: string, simdBytes: number, build: Build): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([decode(text)]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const both = new Uint8Array(await new Response(stream).arrayBuffer());
  return build === "simd" ? both.slice(0, simdBytes) : both.slice(simdBytes);
}

function decode(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
