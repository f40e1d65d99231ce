// What a server's answer says about a file.

import { type ErrorCode, RelpropError } from "../../errors.ts";

export function problem(code: ErrorCode, { href }: URL, what: string, facts?: object, cause?: unknown): RelpropError {
  return new RelpropError(code, `${href} ${what}`, { url: href, ...facts }, cause);
}

export const changed = (url: URL): RelpropError =>
  problem("FetchChanged", url, "changed while it was read; load it again");

export const truncated = (url: URL, loaded: number, total: number): RelpropError =>
  problem("FetchTruncated", url, `ended after ${loaded} of ${total} bytes; try again`, { loaded, total });

/** Leaves an answer where it is. */
export const drop = async (response: Response): Promise<void> => response.body?.cancel();

/** An answer that brings something of the file, undefined if the server does not have it; any other is an error. */
export async function accept(response: Response, url: URL): Promise<Response | undefined> {
  const { status, headers } = response;
  const found = [200, 206, 416].includes(status);
  const html = status !== 416 && /^text\/html/i.test(headers.get("content-type") ?? "");
  if (found && !html) return response;
  await drop(response);
  if (status === 404) return undefined;
  if (found) throw problem("FetchContentType", url, "is an HTML page; is this the model's own folder?");
  throw problem("FetchStatus", url, `returned status ${status}`, { status });
}

/** A file's validator: its strong ETag, or else its date. */
export function tagOf({ headers }: Response): string | undefined {
  const etag = headers.get("etag");
  return (etag && !etag.startsWith("W/") ? etag : headers.get("last-modified")) ?? undefined;
}

/** Its bytes are not the file's own. */
export const encoded = ({ headers }: Response): boolean =>
  /^(?!identity$)./i.test(headers.get("content-encoding") ?? "");

/** The part of a file that a response says it is, undefined if it says nothing that can be right. */
export function rangeOf(response: Response): { start: number; end: number; size: number } | undefined {
  const found = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(response.headers.get("content-range") ?? "");
  if (!found || response.status !== 206 || encoded(response)) return undefined;
  const [start, last, size] = found.slice(1).map(Number);
  return start <= last && last < size ? { start, end: last + 1, size } : undefined;
}

/** It says that it is all of a file, as it is: not what some servers send, a part of it with status 200. */
export const isWhole = (response: Response): boolean =>
  response.status === 200 && !encoded(response) && !response.headers.has("content-range");
