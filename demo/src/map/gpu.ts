// The map's cells on the GPU: one draw call, whatever their number.

import type { Palette } from "../../../src/render/color.ts";
import type { Camera } from "./camera.ts";
import shader from "./map.wgsl" with { type: "text" };
import { type Cells, GAP, type Painter } from "./painter.ts";
import { ramp } from "./ramp.ts";

// The usage bits of the WebGPU specification.
const COPY_DST = 8;
const UNIFORM = 64;
const STORAGE = 128;

const VIEW = 208; // bytes of the shader's View

/** A painter for a canvas, or undefined where there is no WebGPU. Calls `lost` when the GPU has gone. */
export async function gpuPainter(canvas: HTMLCanvasElement, lost: () => void): Promise<Painter | undefined> {
  const adapter = await navigator.gpu?.requestAdapter().catch(() => null);
  const device = await adapter?.requestDevice({ label: "map" }).catch(() => undefined);
  if (!device) return undefined;
  const context = canvas.getContext("webgpu");
  if (!context) return undefined;
  device.lost.then(lost);

  const format = navigator.gpu.getPreferredCanvasFormat();
  context.configure({ device, format, alphaMode: "premultiplied" });
  const module = device.createShaderModule({ code: shader });
  const pipeline = await device.createRenderPipelineAsync({
    layout: "auto",
    vertex: { module },
    fragment: { module, targets: [{ format }] },
    primitive: { topology: "triangle-strip" },
  });
  const view = device.createBuffer({ size: VIEW, usage: UNIFORM | COPY_DST });
  let held: { cells: Cells; buffer: GPUBuffer; bindings: GPUBindGroup } | undefined;

  const hold = (cells: Cells) => {
    if (held?.cells === cells) return held;
    held?.buffer.destroy();
    const buffer = device.createBuffer({ size: Math.max(4, cells.strengths.byteLength), usage: STORAGE | COPY_DST });
    device.queue.writeBuffer(buffer, 0, cells.strengths);
    const entries = [view, buffer].map((buffer, binding) => ({ binding, resource: { buffer } }));
    held = { cells, buffer, bindings: device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }) };
    return held;
  };

  return {
    name: "WebGPU",
    canvas,
    paint(cells: Cells, camera: Camera, palette: Palette) {
      const { bindings } = hold(cells);
      device.queue.writeBuffer(view, 0, viewOf(cells, camera, palette));
      const encoder = device.createCommandEncoder();
      const attachment = { view: context.getCurrentTexture().createView(), loadOp: "clear", storeOp: "store" } as const;
      const pass = encoder.beginRenderPass({ colorAttachments: [attachment] });
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindings);
      pass.draw(4, cells.columns * cells.rows);
      pass.end();
      device.queue.submit([encoder.finish()]);
    },
  };
}

/** The shader's View, laid out by WGSL's rules: vectors of three start every sixteen bytes. */
function viewOf({ columns }: Cells, camera: Camera, palette: Palette): ArrayBuffer {
  const bytes = new ArrayBuffer(VIEW);
  const floats = new Float32Array(bytes);
  const colors = ramp(palette);
  floats.set(camera.toClip, 0);
  floats.set(colors.toRoots, 12);
  floats.set(colors.toLinear, 24);
  floats.set(colors.against, 36);
  new Uint32Array(bytes)[39] = columns;
  floats.set(colors.paper, 40);
  floats.set(colors.for, 44);
  const [width, height] = camera.cell;
  floats.set([Math.min(GAP, width / 4) / 2 / width, GAP / 2 / height], 48);
  return bytes;
}
