// How far a download is, on standard error where that is a terminal.

const EVERY = 200; // milliseconds

/** A line that is written over itself, from the second glance on: what is there at once needs none. */
export function progressBar(now: () => number = performance.now.bind(performance)) {
  const isShown = Boolean(process.stderr.isTTY);
  const began = now();
  let last = began;
  let isWritten = false;
  return {
    show(loaded: number, total?: number): void {
      if (!isShown || now() - last < EVERY) return;
      last = now();
      isWritten = true;
      process.stderr.write(`\r${progressLine(loaded, total, (last - began) / 1000)}\x1b[K`);
    },
    end(): void {
      if (isWritten) process.stderr.write("\r\x1b[K");
    },
  };
}

/** "loading 12.5 of 90.0 MB, 6.2 MB/s, 13 s left" */
export function progressLine(loaded: number, total: number | undefined, seconds: number): string {
  const MB = (bytes: number) => (bytes / 1e6).toFixed(1);
  const rate = loaded / Math.max(seconds, 0.001);
  const left = total && rate > 0 ? `, ${Math.ceil(Math.max(0, total - loaded) / rate)} s left` : "";
  return `loading ${MB(loaded)}${total ? ` of ${MB(total)}` : ""} MB, ${MB(rate)} MB/s${left}`;
}
