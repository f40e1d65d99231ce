// A call that fails, the k-th of those that tell a trap: what memory, compilers, files, servers and GPUs do when they refuse.

export class Injected extends Error {
  override readonly name = "Injected";
}

/** Counts calls, and throws at one of them. */
export class Trap {
  calls: string[] = [];
  at = -1;
  /** What it throws. */
  readonly make: (call: string) => unknown;

  constructor(make: Trap["make"] = (call) => new Injected(call)) {
    this.make = make;
  }

  set(at: number): void {
    this.calls = [];
    this.at = at;
  }

  tell(call: string): void {
    this.calls.push(call);
    if (this.calls.length - 1 === this.at) throw this.make(call);
  }
}

/** Sets fields of an object; returns how to put back what was there. */
export function replaced<T extends object>(target: T, fields: Partial<T>): () => void {
  const before = Object.fromEntries(Object.keys(fields).map((name) => [name, target[name as keyof T]]));
  Object.assign(target, fields);
  return () => void Object.assign(target, before);
}

/** Calls of WebAssembly that ask for memory or compile. */
export function wasmTrapped(trap: Trap): () => void {
  const { compile, instantiate, Memory } = WebAssembly;
  const { grow } = Memory.prototype;
  const restore = replaced(WebAssembly, {
    compile: (...args: Parameters<typeof compile>) => {
      trap.tell("compile");
      return compile(...args);
    },
    instantiate: ((...args: Parameters<typeof instantiate>) => {
      trap.tell("instantiate");
      return instantiate(...args);
    }) as typeof instantiate,
    Memory: class extends Memory {
      constructor(descriptor: WebAssembly.MemoryDescriptor) {
        trap.tell("Memory");
        super(descriptor);
      }
    },
  });
  Memory.prototype.grow = function (...args) {
    trap.tell("grow");
    return grow.apply(this, args);
  };
  return () => {
    restore();
    Memory.prototype.grow = grow;
  };
}

/** Which calls of a device fail, and what comes of one in place of a throw. */
export interface Failing {
  of: RegExp;
  as(error: unknown, real: () => unknown): unknown;
}

/** A device that tells the trap of each call, and so do all objects that come of it. */
export function watched(device: GPUDevice, trap: Trap, how?: () => Failing | undefined): GPUDevice {
  const natives = new WeakMap<object, object>();
  const bare = (value: unknown): unknown => {
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
    const native = natives.get(value);
    if (native) return native;
    if (Array.isArray(value)) return value.map(bare);
    if (Object.getPrototypeOf(value) !== Object.prototype) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, bare(one)]));
  };
  const wrap = (value: unknown): unknown => {
    if (value instanceof Promise) return value.then(wrap);
    if (typeof value !== "object" || value === null || !/^GPU/.test(value.constructor.name)) return value;
    if (/Limits|Features|Info|Error|Lost/.test(value.constructor.name)) return value;
    const facade = new Proxy(
      {},
      {
        get(_, name) {
          const found = Reflect.get(value, name);
          if (typeof found !== "function") return name === "lost" ? found : wrap(found);
          return (...args: unknown[]) => {
            const real = () => wrap(found.apply(value, args.map(bare)));
            const failing = how?.();
            if (name === "destroy" || (failing && !failing.of.test(String(name)))) return real();
            try {
              trap.tell(String(name));
            } catch (error) {
              if (failing) return failing.as(error, real);
              throw error;
            }
            return real();
          };
        },
      },
    );
    natives.set(facade, value);
    return facade;
  };
  return wrap(device) as GPUDevice;
}
