import { lstat, rename, rm, writeFile } from "node:fs/promises";
import { quote, RelpropError } from "../errors.ts";

/** Writes a file as a whole or leaves the old one as it was: beside it first, then in its place. */
export async function save(path: string, content: string | Uint8Array): Promise<void> {
  try {
    const old = await lstat(path).catch(() => undefined);
    // Pipes, devices and links stay what they are.
    if (old && !old.isFile()) return await writeFile(path, content);
    const beside = `${path}.${process.pid}.part`;
    try {
      await writeFile(beside, content, { mode: old ? old.mode & 0o777 : undefined, flag: "wx" });
      await rename(beside, path);
    } catch (error) {
      await rm(beside, { force: true });
      throw error;
    }
  } catch (cause) {
    throw new RelpropError("InvalidOption", `${quote(path)} cannot be written: ${(cause as Error).message}`, {}, cause);
  }
}
