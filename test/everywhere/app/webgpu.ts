// Where @webgpu/types is installed, its types are the package's.
import { load } from "relprop";

declare const gpu: GPU;
declare const device: GPUDevice;
await load("./model", { backend: "webgpu", gpu });
await load("./model", { device });
// @ts-expect-error: an adapter is no device
await load("./model", { device: await gpu.requestAdapter() });
