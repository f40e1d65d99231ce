// Types of the runtime's own objects, as the user's `lib` and packages have them. A project may compile without DOM,
// @types/node or @webgpu/types: there each is what this package needs of it, so that its declarations compile anyway.

/** The type that a global constructor makes. */
type Global<Name extends string, Otherwise> = typeof globalThis extends { [K in Name]: { prototype: infer Made } }
  ? Made
  : Otherwise;

/** The entry point of WebGPU: `navigator.gpu`, or what `create()` of the package `webgpu` returns. */
export type GPU = Global<"GPU", { requestAdapter(options?: object): Promise<unknown> }>;
export type GPUDevice = Global<"GPUDevice", { readonly queue: object; createBuffer(descriptor: object): unknown }>;
export type WebAssemblyModule = typeof globalThis extends { WebAssembly: { Module: { prototype: infer Made } } }
  ? Made
  : object;

export type AbortSignal = Global<
  "AbortSignal",
  {
    readonly aborted: boolean;
    readonly reason: unknown;
    addEventListener(type: "abort", listener: () => void, options?: { once?: boolean }): void;
    removeEventListener(type: "abort", listener: () => void): void;
  }
>;

export type URL = Global<"URL", { readonly href: string; readonly protocol: string }>;
export type Response = Global<"Response", { readonly status: number; arrayBuffer(): Promise<ArrayBuffer> }>;
export type Cache = Global<"Cache", { match(request: string): Promise<unknown>; put(...given: never): Promise<void> }>;
export type RequestInit = typeof globalThis extends { fetch(input: string, init?: infer Init): unknown }
  ? Init
  : object;

export type Blob = Global<"Blob", { readonly size: number; arrayBuffer(): Promise<ArrayBuffer> }>;
export type File = Global<"File", { readonly name: string } & Blob>;
export type FileSystemDirectoryHandle = Global<
  "FileSystemDirectoryHandle",
  { readonly kind: "directory"; readonly name: string }
>;
export type ImageBitmap = Global<"ImageBitmap", { readonly width: number; readonly height: number; close(): void }>;

/** Bytes that nobody shares: `Uint8Array<ArrayBuffer>` since TypeScript 5.7, which made the type generic. */
export type ByteArray = ReturnType<Uint8Array["slice"]>;
