// HTTP as loading needs it: what may pass is tried again, redirects stay on trusted ground, an abort is seen at once.

import { aborted, quote, RelpropError, throwIfAborted } from "../../errors.ts";
import type { ReadOptions } from "../options.ts";
import { drop, problem } from "./response.ts";
import type { Patience } from "./stall.ts";
import { fileSystem } from "./system.ts";

export interface Web {
  fetch: NonNullable<ReadOptions["fetch"]>;
  /** Ends everything that is on its way. */
  signal: AbortSignal;
  patience: Patience;
  /** Ends the one long answer under way. */
  leave?: () => void;
}

/** Ranges are of the file itself; browsers ask for that on their own. */
export const IDENTITY: Readonly<Record<string, string>> = { "accept-encoding": "identity" };

const DELAYS = [250, 1000, 3000]; // milliseconds before another attempt, half as much or half as much again by chance
const MOST_WAIT = 30_000; // milliseconds that a server may ask for, in all
const MOST_REDIRECTS = 5;

/** A server's answer, after other attempts if there is none, or none but 408, 429 or 5xx. */
export async function request(url: URL, headers: Record<string, string>, web: Web, retry = true): Promise<Response> {
  let waited = 0;
  for (let attempt = 0; ; attempt++) {
    let wait = retry ? delay(attempt) : undefined;
    try {
      const response = await follow(url, headers, web);
      const { status } = response;
      const asked = retryAfter(response);
      const again = status === 408 || status === 429 || status >= 500;
      if (wait === undefined || !again || waited + (asked ?? 0) > MOST_WAIT) return response;
      wait = asked ?? wait;
      await drop(response);
    } catch (cause) {
      const error = failure(url, cause, web.signal);
      if (wait === undefined || !passing(error)) throw error;
    }
    waited += wait;
    await pause(wait, web.signal);
  }
}

/** What a fetch or a body failed with. */
export function failure(url: URL, cause: unknown, signal: AbortSignal): RelpropError {
  if (signal.aborted) return aborted(signal);
  if (cause instanceof RelpropError) return cause;
  return problem("FetchFailed", url, `could not be fetched: ${cause}`, {}, cause);
}

/** Another attempt may bring what this one did not. */
export const passing = ({ code }: RelpropError): boolean => code === "FetchFailed" || code === "FetchTruncated";

/** Milliseconds to wait after a failed attempt, undefined when there were enough. */
export const delay = (attempt: number): number | undefined =>
  attempt < DELAYS.length ? DELAYS[attempt] * (0.5 + Math.random()) : undefined;

export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  throwIfAborted(signal);
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
  throwIfAborted(signal);
}

function retryAfter({ headers }: Response): number | undefined {
  const value = headers.get("retry-after");
  if (!value) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/** Browsers do not show redirects, and keep secure pages from insecure servers themselves; elsewhere each is looked at. */
async function follow(url: URL, headers: Record<string, string>, { fetch, signal, patience }: Web): Promise<Response> {
  const redirect = fileSystem() ? "manual" : "follow";
  for (let redirects = 0, at = url; ; redirects++) {
    patience.asked(url);
    const response = await patience.wait(url, fetch(at, { headers, signal, redirect }));
    const moved = /^30[12378]$/.test(`${response.status}`) && response.headers.get("location");
    const to = moved || (response.redirected && response.url);
    if (!to) return response;
    const next = new URL(to, at);
    checkOrigin(next, at);
    if (!moved) return response;
    await drop(response);
    if (redirects === MOST_REDIRECTS) throw problem("FetchStatus", url, `redirects more than ${MOST_REDIRECTS} times`);
    at = next;
  }
}

/** https, and http only to this machine or the page's own origin: weights determine the results. */
export function checkOrigin(url: URL, from?: URL): void {
  const local = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  const own = url.origin === globalThis.location?.origin;
  if (url.protocol === "https:" || (url.protocol === "http:" && (local || own) && from?.protocol !== "https:")) return;
  const message = "models are fetched by https, or by http from this machine or the page's own origin, not from";
  const where = quote(url.origin === "null" ? url.protocol : url.origin);
  throw new RelpropError("OriginDenied", `${message} ${where}${from ? `, where ${from.href} redirects` : ""}`);
}
