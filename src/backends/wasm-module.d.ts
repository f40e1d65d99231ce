// What an import of a .wasm file is in edge runtimes.
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
