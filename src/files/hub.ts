import { quote, RelpropError } from "../errors.ts";
import type { Files, ReadOptions } from "../files.ts";
import { lastPart } from "./given.ts";
import type { Count } from "./progress.ts";
import { remote } from "./remote.ts";

/** A model on a hub, at `{endpoint}/{hub}/resolve/{revision}/{file}`. */
export interface Hub {
  /** "organisation/name" */
  hub: string;
  /** A branch, a tag, or a commit (`main`). A whole commit hash never changes, so what is cached of it is not asked for again. */
  revision?: string;
  /** The hub's address (https://huggingface.co). */
  endpoint?: string | URL;
}

export const isHub = (source: object): source is Hub => "hub" in source && typeof source.hub === "string";

export function hub({ hub: id, revision = "main", endpoint }: Hub, options: ReadOptions, count: Count): Promise<Files> {
  if (!/^\w[\w.-]*(\/\w[\w.-]*)?$/.test(id)) {
    throw new RelpropError("InvalidInput", `a model on a hub is called "organisation/name", not ${quote(id)}`);
  }
  if (!/^\w[\w./-]*$/.test(revision) || revision.includes("..")) {
    throw new RelpropError("InvalidInput", `a revision is a branch, a tag or a commit, not ${quote(revision)}`);
  }
  const base = new URL(endpoint ?? "https://huggingface.co");
  base.pathname = `${base.pathname.replace(/\/$/, "")}/${id}/resolve/${encodeURIComponent(revision)}/`;
  return remote(base, options, count, { name: lastPart(id), immutable: /^[0-9a-f]{40}$/.test(revision) });
}
