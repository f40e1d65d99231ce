// Events of workers and ports, a web's or Node's.

type Listen = (type: string, call: (event: unknown) => void) => void;
type Target = { addEventListener?: Listen; removeEventListener?: Listen; on?: Listen; off?: Listen };

/** Listens to an event; returns how to stop. */
export function on(target: object, type: string, call: (event: unknown) => void): () => void {
  const it = target as Target;
  if (it.addEventListener) it.addEventListener(type, call);
  else it.on?.(type, call);
  return () => {
    if (it.removeEventListener) it.removeEventListener(type, call);
    else it.off?.(type, call);
  };
}

/** Why a worker failed. */
export function reason(error: unknown): unknown {
  const event = error as ErrorEvent;
  event.preventDefault?.(); // Deno would end the process
  return (
    event.message ||
    event.error ||
    "its file could not be loaded: worker.js belongs next to relprop's file (with a bundler, pass load() your own Worker)"
  );
}

/** The errors of a worker from now on: it may fail before a connection listens, and Deno and Node end a process for that. */
export interface Early {
  readonly reasons: readonly unknown[];
  /** Stops listening. */
  stop(): void;
}

export function early(worker: object): Early {
  const reasons: unknown[] = [];
  return { reasons, stop: on(worker, "error", (error) => reasons.push(reason(error))) };
}
