export type FileSystem = typeof import("node:fs/promises");

/** Node's file system where there is one, without an import that bundlers would follow. */
export const fileSystem = (): FileSystem | undefined => globalThis.process?.getBuiltinModule?.("node:fs/promises");
