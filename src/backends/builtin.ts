// The kernels that come with the package: two builds of one source, in one deflated text because they differ in little.

import { kernels, simdBytes } from "../generated/kernels.ts";

/** `simd` gives the same bits in every engine; `relaxed` fuses multiply and add where the processor can. */
export type Build = "simd" | "relaxed";

/** A build's bytes. */
export async function builtin(build: Build): Promise<Uint8Array<ArrayBuffer>> {
  const inflated = new Blob([decode(kernels)]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const both = new Uint8Array(await new Response(inflated).arrayBuffer());
  return build === "simd" ? both.slice(0, simdBytes) : both.slice(simdBytes);
}

/** The fastest build that this runtime takes; only the simd build if results must not depend on the runtime. */
export function choose(deterministic = false): Build {
  return !deterministic && WebAssembly.validate(decode(PROBE)) ? "relaxed" : "simd";
}

// A module of one function, which calls f32x4.relaxed_madd.
const PROBE = "AGFzbQEAAAABBAFgAAADAgEAChQBEgBBAP0RQQD9EUEA/RH9hQIaCw==";

function decode(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
