// What a server's answer says about a file.

import { RelpropError } from "../errors.ts";

/** An answer that brings something of the file, undefined if the server does not have it; any other is an error. */
export async function accept(response: Response, url: URL): Promise<Response | undefined> {
  const { status, headers } = response;
  const html = status !== 416 && /^text\/html/i.test(headers.get("content-type") ?? "");
  if ([200, 206, 416].includes(status) && !html) return response;
  await response.body?.cancel();
  if (status === 404) return undefined;
  const { href } = url;
  if (status === 200 || status === 206) {
    const message = `the server answered ${href} with an HTML page; is this the model's own folder?`;
    throw new RelpropError("FetchContentType", message, { url: href });
  }
  throw new RelpropError("FetchStatus", `the server answered ${status} for ${href}`, { status, url: href });
}

/** What tells one state of a file from another: its ETag unless that is a weak one, else its date. */
export function tagOf({ headers }: Response): string | undefined {
  const etag = headers.get("etag");
  return (etag && !etag.startsWith("W/") ? etag : headers.get("last-modified")) ?? undefined;
}

export const changed = ({ href }: URL): RelpropError =>
  new RelpropError("FetchChanged", `${href} changed while it was read; load it again`, { url: href });

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
