import { lstat, rename, rm, writeFile } from "node:fs/promises";
import { quote, RelpropError } from "../errors.ts";

/** Writes a file atomically: to a temporary file in the same folder, which then replaces it. */
export async function save(path: string, content: string | Uint8Array): Promise<void> {
  try {
    const old = await lstat(path).catch(() => undefined);
    // Pipes, devices and links stay what they are.
    if (old && !old.isFile()) return await writeFile(path, content);
    const temporary = `${path}.${process.pid}.part`;
    try {
      await writeFile(temporary, content, { mode: old ? old.mode & 0o777 : undefined, flag: "wx" });
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  } catch (cause) {
    throw new RelpropError("InvalidOption", `${quote(path)} cannot be written: ${(cause as Error).message}`, {}, cause);
  }
}
