// After a lost device or a dead thread.

import type { Backend } from "../backends/backend.ts";
import { RelpropError, throwIfAborted } from "../errors.ts";
import type { Reload } from "./reload.ts";

/** A backend in place of a lost one. Throws the loss's own code. */
export async function recovered(
  parts: { backend: Backend; reload: Reload },
  signal: AbortSignal | undefined,
): Promise<Backend> {
  const { backend, reload } = parts;
  const { code, message } = backend.lost!;
  const failed = (why: string, cause?: unknown) =>
    new RelpropError(code, `${message}, and the weights cannot be read again: ${why}; load the model again`, {}, cause);
  if (typeof reload === "string") throw failed(reload);
  backend.dispose();
  try {
    return await reload(signal);
  } catch (cause) {
    throwIfAborted(signal);
    parts.reload = cause instanceof Error ? cause.message : String(cause); // no further attempt
    throw failed(parts.reload, cause);
  }
}
