import { quote, RelpropError } from "../../errors.ts";
import type { URL } from "../../options/globals.ts";

/** A model on a hub, at `{endpoint}/{hub}/resolve/{revision}/{file}`. */
export interface Hub {
  /** "organisation/name" */
  hub: string;
  /** A branch, a tag, or a commit (`main`). A whole commit hash never changes, so what is cached of it is not asked for again. */
  revision?: string;
  /** The hub's address (https://huggingface.co). */
  endpoint?: string | URL;
}

/** A hub's model as a base URL, and what is known of it; loaded when there is one. */
export function hub({ hub: id, revision = "main", endpoint }: Hub): [URL, { name: string; immutable: boolean }] {
  if (!/^\w[\w.-]*(\/\w[\w.-]*)?$/.test(id)) {
    throw new RelpropError("InvalidInput", `a model's id on a hub is "organisation/name", not ${quote(id)}`);
  }
  if (!/^\w[\w./-]*$/.test(revision) || revision.includes("..")) {
    throw new RelpropError("InvalidInput", `a revision is a branch, a tag or a commit, not ${quote(revision)}`);
  }
  const base = address(endpoint ?? "https://huggingface.co");
  base.pathname = `${base.pathname.replace(/\/$/, "")}/${id}/resolve/${encodeURIComponent(revision)}/`;
  return [base, { name: id.replace(/.*\//, ""), immutable: /^[0-9a-f]{40}$/.test(revision) }];
}

function address(given: string | URL): URL {
  try {
    return new URL(given);
  } catch (cause) {
    throw new RelpropError("InvalidInput", `a hub's address is a URL, not ${quote(given)}`, {}, cause);
  }
}
