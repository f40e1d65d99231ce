// Counts what the library holds outside the heap: WASM memories and GPU buffers.

const memories: WeakRef<WebAssembly.Memory>[] = [];
const Real = WebAssembly.Memory;
WebAssembly.Memory = class extends Real {
  constructor(of: WebAssembly.MemoryDescriptor) {
    super(of);
    memories.push(new WeakRef(this));
  }
};

/** Bytes of all memories that have not been collected. */
export function wasmBytes(): number {
  const live = memories.flatMap((ref) => ref.deref() ?? []);
  memories.splice(0, memories.length, ...live.map((memory) => new WeakRef(memory)));
  return live.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
}

export const gpu = { buffers: 0, bytes: 0 };

/** Counts the device's buffers from here on, until each is destroyed. */
export function counted(device: GPUDevice): GPUDevice {
  const create = device.createBuffer.bind(device);
  device.createBuffer = (of) => {
    const buffer = create(of);
    const destroy = buffer.destroy.bind(buffer);
    let live = true;
    gpu.buffers++;
    gpu.bytes += of.size;
    buffer.destroy = () => {
      if (live) {
        gpu.buffers--;
        gpu.bytes -= of.size;
      }
      live = false;
      return destroy();
    };
    return buffer;
  };
  return device;
}
