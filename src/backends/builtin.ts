// The kernels that come with the package: two builds of one source, in one deflated text because they differ in little.
// The entries for edge functions have builtin.edge.ts in this file's place.

import { kernels, simdBytes } from "../generated/kernels.ts";
import type { Build } from "./module.ts";

/** A build's bytes. */
export async function builtin(build: Build): Promise<Uint8Array<ArrayBuffer>> {
  const inflated = new Blob([decode(kernels)]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const both = new Uint8Array(await new Response(inflated).arrayBuffer());
  return build === "simd" ? both.slice(0, simdBytes) : both.slice(simdBytes);
}

function decode(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
