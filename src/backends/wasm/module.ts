// The kernels as a compiled module: the package's own, or what the caller gives where a runtime forbids compiling.

import { RelpropError } from "../../errors.ts";
import type { Response, WebAssemblyModule } from "../../options/globals.ts";
import { builtin, providedModule } from "./builtin.ts";

/** `simd` gives the same bits in every engine; `relaxed` fuses multiply and add where the processor can. */
export type Build = "simd" | "relaxed";

/** The kernels, compiled or to be compiled: what an import or a fetch of `relprop/kernels.wasm` gives. */
export type WasmSource = WebAssemblyModule | ArrayBuffer | ArrayBufferView | Response;

/** The fastest build that this runtime takes; only the simd build if results must not depend on the runtime. @internal */
export function chooseBuild(deterministic = false): Build {
  return !deterministic && WebAssembly.validate(Uint8Array.from(atob(PROBE), (c) => c.charCodeAt(0)))
    ? "relaxed"
    : "simd";
}

// A module of one function, which calls f32x4.relaxed_madd.
const PROBE = "AGFzbQEAAAABBAFgAAADAgEAChQBEgBBAP0RQQD9EUEA/RH9hQIaCw==";

/** Compiles the given kernels, or the package's own. Throws `WasmUnavailable`. @internal */
export async function compile(
  given: WasmSource | Promise<WasmSource> | undefined,
  deterministic?: boolean,
): Promise<WebAssembly.Module> {
  if (typeof WebAssembly === "undefined") throw unavailable("this runtime has no WebAssembly");
  const own = chooseBuild(deterministic);
  const source = given === undefined ? (providedModule(own) ?? (await builtin(own))) : await arrived(given);
  if (isModule(source)) return source;
  if (!isValid(source)) {
    throw unavailable(
      given === undefined
        ? "this runtime's WebAssembly has no SIMD, which the kernels need"
        : "`wasm` is neither a WebAssembly.Module nor the bytes of one that this runtime can compile",
    );
  }
  try {
    return await WebAssembly.compile(source);
  } catch (cause) {
    const page = "a page's Content-Security-Policy must allow 'wasm-unsafe-eval'";
    const edge = 'an edge function imports "relprop/kernels.wasm" and passes it, load(…, { wasm })';
    throw unavailable(`this runtime does not compile the kernels: ${page}; ${edge} (${cause})`, cause);
  }
}

async function arrived(given: WasmSource | Promise<WasmSource>): Promise<WebAssembly.Module | BufferSource> {
  try {
    const source = await given;
    if (!(source instanceof Response)) return source as WebAssembly.Module | BufferSource; // compile() refuses others
    if (!source.ok) throw new Error(`the server answered ${source.status}`);
    return await source.arrayBuffer();
  } catch (cause) {
    throw unavailable(`loading the kernels of \`wasm\` failed: ${cause}`, cause);
  }
}

function isValid(source: BufferSource): boolean {
  try {
    return WebAssembly.validate(source);
  } catch {
    return false; // no bytes at all
  }
}

/** Also a module of another realm, as Next's edge sandbox has them, where `instanceof` is false. */
const isModule = (source: unknown): source is WebAssembly.Module =>
  Object.prototype.toString.call(source) === "[object WebAssembly.Module]";

const unavailable = (message: string, cause?: unknown) => new RelpropError("WasmUnavailable", message, {}, cause);
