// Works offline: the page's files are kept as they were built, all of one version, and served from there.

declare const VERSION: string; // written in by build.mjs: a hash of the files, and their names
declare const FILES: string[];

const worker = self as unknown as ServiceWorkerScope;
const mine = `relprop ${VERSION}`;

worker.addEventListener("install", (event) => {
  const fill = async () =>
    (await caches.open(mine)).addAll(FILES.map((file) => new Request(file, { cache: "no-cache" })));
  event.waitUntil(fill());
});

worker.addEventListener("activate", (event) => {
  const tidy = async () => {
    const old = (await caches.keys()).filter((name) => name.startsWith("relprop ") && name !== mine);
    await Promise.all(old.map((name) => caches.delete(name)));
  };
  event.waitUntil(tidy());
});

worker.addEventListener("fetch", (event) => {
  if (event.request.method !== "GET") return;
  const answer = async () => {
    const kept = await (await caches.open(mine)).match(event.request, { ignoreSearch: true, ignoreVary: true });
    return kept ?? fetch(event.request);
  };
  event.respondWith(answer());
});

// TypeScript has no library for both a page and a service worker.
interface ServiceWorkerScope {
  addEventListener(
    type: "install" | "activate",
    on: (event: { waitUntil(work: Promise<unknown>): void }) => void,
  ): void;
  addEventListener(
    type: "fetch",
    on: (event: { request: Request; respondWith(answer: Promise<Response>): void }) => void,
  ): void;
}
