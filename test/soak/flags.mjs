// V8 without its compilers of JavaScript: WebAssembly is compiled as ever.
export const INTERPRETED = ["--no-opt", "--no-maglev", "--no-sparkplug", "--no-flush-bytecode"];
