// A cloud that can be turned: points as discs that face the eye, on WebGPU, or on a 2D canvas where there is none.

import { type Mat4, mat4, vec3 } from "wgpu-matrix";
import type { Point } from "./shapes.js";

/** What is drawn: points, and how strongly each is coloured, −1 … 1. */
export interface Scene {
  points: readonly Point[];
  strengths: readonly number[];
}

/** The usage bits of the WebGPU specification. */
const [COPY_DST, UNIFORM, STORAGE, ATTACHMENT] = [8, 64, 128, 16];

const shader = /* wgsl */ `
struct View { toClip: mat4x4f, right: vec4f, up: vec4f, dark: vec4f }
@group(0) @binding(0) var<uniform> view: View;
@group(0) @binding(1) var<storage, read> points: array<vec4f>; // x, y, z and strength

struct Corner { @builtin(position) at: vec4f, @location(0) corner: vec2f, @location(1) strength: f32 }

@vertex fn place(@builtin(vertex_index) k: u32, @builtin(instance_index) i: u32) -> Corner {
  let offset = vec2f(f32(k & 1u) * 2.0 - 1.0, f32(k >> 1u) * 2.0 - 1.0);
  let size = 0.02 + 0.022 * abs(points[i].w);
  let at = points[i].xyz + size * (offset.x * view.right.xyz + offset.y * view.up.xyz);
  return Corner(view.toClip * vec4f(at, 1.0), offset, points[i].w);
}

@fragment fn color(c: Corner) -> @location(0) vec4f {
  let r = length(c.corner);
  if (r > 1.0) { discard; }
  let none = mix(vec3f(0.70, 0.69, 0.66), vec3f(0.36, 0.36, 0.38), view.dark.x);
  let full = select(vec3f(0.0, 0.36, 0.66), vec3f(0.85, 0.37, 0.0), c.strength > 0.0);
  let lit = mix(none, full, sqrt(abs(c.strength))) * (1.0 - 0.35 * r * r);
  return vec4f(lit, 1.0);
}`;

const VIEW_BYTES = 112;

export class View {
  /** Angles in radians, and how far away the eye is. */
  yaw = 0.6;
  pitch = 0.35;
  distance = 3.2;
  /** What draws. */
  name = "";

  readonly #canvas: HTMLCanvasElement;
  #scene: Scene = { points: [], strengths: [] };
  #paint: () => void = () => {};

  private constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
  }

  /** Draws on a canvas and turns when that is dragged, scrolled or has the arrow keys. */
  static async on(canvas: HTMLCanvasElement): Promise<View> {
    const view = new View(canvas);
    const gpu = await view.#gpu().catch((error) => void console.error(error));
    view.#paint = gpu ?? view.#flat();
    view.name = gpu ? "WebGPU" : "2D";
    canvas.dataset.painter = view.name;
    view.#listen();
    new ResizeObserver(() => view.draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => view.draw());
    return view;
  }

  show(scene: Scene): void {
    this.#scene = scene;
    this.draw();
  }

  draw(): void {
    const { clientWidth, clientHeight, dataset } = this.#canvas;
    const [width, height] = [clientWidth, clientHeight].map((side) => Math.max(1, Math.round(side * devicePixelRatio)));
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
    dataset.yaw = this.yaw.toFixed(3);
    dataset.pitch = this.pitch.toFixed(3);
    dataset.distance = this.distance.toFixed(3);
    this.#paint();
  }

  /** Where the eye stands and looks: z is up. */
  #camera(): { toClip: Mat4; right: Float32Array; up: Float32Array } {
    const { width, height } = this.#canvas;
    const [cy, sy, cp, sp] = [Math.cos(this.yaw), Math.sin(this.yaw), Math.cos(this.pitch), Math.sin(this.pitch)];
    const eye = vec3.scale([cp * cy, cp * sy, sp], this.distance);
    const look = mat4.lookAt(eye, [0, 0, 0], [0, 0, 1]);
    const toClip = mat4.multiply(mat4.perspective(0.8, width / height, 0.1, 20), look);
    return { toClip, right: new Float32Array([-sy, cy, 0]), up: new Float32Array([-sp * cy, -sp * sy, cp]) };
  }

  async #gpu(): Promise<(() => void) | undefined> {
    const adapter = await navigator.gpu?.requestAdapter();
    const device = await adapter?.requestDevice();
    if (!device) return undefined;
    const module = device.createShaderModule({ code: shader });
    const format = navigator.gpu.getPreferredCanvasFormat();
    const pipeline = await device.createRenderPipelineAsync({
      layout: "auto",
      vertex: { module },
      fragment: { module, targets: [{ format }] },
      primitive: { topology: "triangle-strip" },
      depthStencil: { format: "depth24plus", depthWriteEnabled: true, depthCompare: "less" },
    });
    const context = this.#canvas.getContext("webgpu") as GPUCanvasContext | null;
    if (!context) return undefined;
    context.configure({ device, format, alphaMode: "premultiplied" });
    const view = device.createBuffer({ size: VIEW_BYTES, usage: UNIFORM | COPY_DST });
    let depth: GPUTexture | undefined;
    let held: { scene: Scene; buffer: GPUBuffer; bindings: GPUBindGroup } | undefined;
    return () => {
      const scene = this.#scene;
      if (!scene.points.length) return;
      if (held?.scene !== scene) {
        held?.buffer.destroy();
        const data = new Float32Array(scene.points.flatMap((p, i) => [...p, scene.strengths[i]]));
        const buffer = device.createBuffer({ size: data.byteLength, usage: STORAGE | COPY_DST });
        device.queue.writeBuffer(buffer, 0, data);
        const entries = [view, buffer].map((buffer, binding) => ({ binding, resource: { buffer } }));
        held = { scene, buffer, bindings: device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }) };
      }
      const { toClip, right, up } = this.#camera();
      const dark = matchMedia("(prefers-color-scheme: dark)").matches ? 1 : 0;
      device.queue.writeBuffer(view, 0, new Float32Array([...toClip, ...right, 0, ...up, 0, dark, 0, 0, 0]));
      const { width, height } = this.#canvas;
      if (depth?.width !== width || depth.height !== height) {
        depth?.destroy();
        depth = device.createTexture({ size: [width, height], format: "depth24plus", usage: ATTACHMENT });
      }
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginRenderPass({
        colorAttachments: [{ view: context.getCurrentTexture().createView(), loadOp: "clear", storeOp: "store" }],
        depthStencilAttachment: {
          view: depth.createView(),
          depthClearValue: 1,
          depthLoadOp: "clear",
          depthStoreOp: "discard",
        },
      });
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, held.bindings);
      pass.draw(4, scene.points.length);
      pass.end();
      device.queue.submit([encoder.finish()]);
    };
  }

  /** The same with circles, the farthest first. */
  #flat(): () => void {
    const context = this.#canvas.getContext("2d")!;
    return () => {
      const { points, strengths } = this.#scene;
      const { width, height } = this.#canvas;
      const { toClip } = this.#camera();
      const dark = matchMedia("(prefers-color-scheme: dark)").matches;
      const seen = points.map(([x, y, z], i) => {
        const w = toClip[3] * x + toClip[7] * y + toClip[11] * z + toClip[15];
        const [cx, cy] = vec3.transformMat4([x, y, z], toClip);
        return { x: ((cx + 1) / 2) * width, y: ((1 - cy) / 2) * height, w, strength: strengths[i] };
      });
      context.clearRect(0, 0, width, height);
      for (const { x, y, w, strength } of seen.sort((a, b) => b.w - a.w)) {
        const size = Math.abs(strength);
        const none = dark ? [92, 92, 97] : [178, 176, 168];
        const full = strength > 0 ? [217, 94, 0] : [0, 92, 168];
        const mixed = none.map((v, c) => Math.round(v + (full[c] - v) * Math.sqrt(size)));
        context.fillStyle = `rgb(${mixed})`;
        context.beginPath();
        context.arc(x, y, ((0.02 + 0.022 * size) * height) / (0.85 * w), 0, 2 * Math.PI);
        context.fill();
      }
    };
  }

  #listen(): void {
    const canvas = this.#canvas;
    const turn = (yaw: number, pitch: number, nearer = 1) => {
      this.yaw += yaw;
      this.pitch = Math.max(-1.5, Math.min(1.5, this.pitch + pitch));
      this.distance = Math.max(1.6, Math.min(8, this.distance * nearer));
      this.draw();
    };
    canvas.addEventListener("pointerdown", ({ pointerId }) => canvas.setPointerCapture(pointerId));
    canvas.addEventListener("pointermove", ({ pointerId, movementX, movementY }) => {
      if (canvas.hasPointerCapture(pointerId)) turn(-movementX / 120, movementY / 120);
    });
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      turn(0, 0, Math.exp(event.deltaY / 600));
    });
    const keys: Record<string, [number, number, number?]> = {
      ArrowLeft: [0.15, 0],
      ArrowRight: [-0.15, 0],
      ArrowUp: [0, 0.15],
      ArrowDown: [0, -0.15],
      "+": [0, 0, 0.9],
      "-": [0, 0, 1 / 0.9],
    };
    canvas.addEventListener("keydown", (event) => {
      const how = keys[event.key];
      if (!how) return;
      event.preventDefault();
      turn(...how);
    });
  }
}
