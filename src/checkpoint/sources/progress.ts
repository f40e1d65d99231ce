/** What load() reports to `onProgress`, in bytes. */
export interface Progress {
  /** The file's name. */
  file: string;
  /** Bytes of this file so far, and of the whole file where that is known. */
  loaded: number;
  /** The whole file's bytes; absent while they are not known. */
  total?: number;
  /** The same over all files, for one progress bar; no total before every file's is known. Tensors without a use are left
   * out, so a load may end a little short of it. */
  all: { loaded: number; total?: number };
}

/** Tells that so many bytes of a file have come; with 0, that it is being opened, or how long it is. */
export type Count = (file: string, bytes: number, total?: number) => void;

export function meter(onProgress: ((progress: Progress) => void) | undefined): Count {
  const files = new Map<string, { loaded: number; total?: number }>();
  return (file, bytes, total) => {
    const now = files.get(file) ?? { loaded: 0 };
    files.set(file, now);
    now.total = total ?? now.total;
    const before = now.loaded;
    now.loaded = Math.min(before + bytes, now.total ?? Infinity); // what is read twice counts once
    if (!onProgress || now.loaded === before) return;
    const all: Progress["all"] = { loaded: 0, total: 0 };
    for (const one of files.values()) {
      all.loaded += one.loaded;
      all.total = one.total === undefined || all.total === undefined ? undefined : all.total + one.total;
    }
    onProgress({ file, loaded: now.loaded, total: now.total, all });
  };
}
