// The soak in a page of Chromium.
import { readFileSync } from "node:fs";
import { answer, GPU, launch, serve } from "../everywhere/chromium.mjs";
import { INTERPRETED } from "./flags.mjs";

/** Bytes that a process has in memory, with all that it has started. */
function resident(pid) {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean);
    const own = 4096 * Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
    return own + children.reduce((sum, child) => sum + resident(child), 0);
  } catch {
    return 0; // it has just ended
  }
}

export async function soakInPage(options, tell) {
  const server = await serve(answer);
  const browser = await launch(
    GPU,
    `--js-flags=${INTERPRETED.join(" ")}`,
    "--enable-blink-features=ForceEagerMeasureMemory",
  );
  try {
    const page = await browser.newPage();
    const whole = await (await browser.newBrowserCDPSession()).send("SystemInfo.getProcessInfo");
    const { id } = whole.processInfo.find(({ type }) => type === "browser");
    const cdp = await page.context().newCDPSession(page);
    await cdp.send("HeapProfiler.enable");
    await page.exposeFunction("measured", async () => {
      for (let i = 0; i < 2; i++) await cdp.send("HeapProfiler.collectGarbage");
      const { usedSize, backingStorageSize = 0 } = await cdp.send("Runtime.getHeapUsage");
      return { heap: usedSize, buffers: backingStorageSize, rss: resident(id) };
    });
    await page.exposeFunction("told", tell);
    page.on("pageerror", (error) => console.error(error));
    page.setDefaultTimeout(0);
    await page.goto(server.origin);
    const run = page.evaluate(async (options) => {
      globalThis.process = { env: {} };
      const { soak } = await import("/test/soak/soak.ts");
      const worker = new Worker("/test/soak/worker.mjs", { type: "module" });
      /** Bytes of the worker that serves a model; those of models' own workers have ended by now. */
      const heapThere = async () => {
        const { breakdown } = await performance.measureUserAgentSpecificMemory();
        const own = breakdown.filter((one) =>
          one.attribution.some(({ scope }) => scope === "DedicatedWorkerGlobalScope"),
        );
        return own.reduce((sum, one) => sum + one.bytes, 0);
      };
      const device = options.gpu ? await (await navigator.gpu?.requestAdapter())?.requestDevice() : undefined;
      const measure = async () => ({ ...(await globalThis.measured()), workerHeap: await heapThere() });
      await soak(options, { worker, device }, measure, (sample) => globalThis.told(sample));
    }, options);
    const crash = new Promise((_, reject) => page.on("crash", () => reject(new Error("the page crashed"))));
    await Promise.race([run, crash]);
  } finally {
    await browser.close();
    server.close();
  }
}
