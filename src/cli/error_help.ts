// Every error code with its cause and remedy: `relprop help CODE` prints them, docs/errors.md lists them.

import type { ErrorCode } from "../errors.ts";

interface ErrorHelp {
  cause: string;
  remedy: string;
}

const again = "Get the file again; it is damaged, or was made by a program that does not keep to the format.";

export const errors = {
  NotSafetensors: {
    cause: "A weights file is of another format, such as a pickle or an HTML page.",
    remedy: "Save the model as safetensors; check the address.",
  },
  HeaderTooSmall: { cause: "A safetensors file has fewer than 8 bytes.", remedy: again },
  HeaderTooLarge: { cause: "A safetensors file announces a header larger than any model needs.", remedy: again },
  HeaderLength: { cause: "A safetensors file ends within its header.", remedy: again },
  HeaderUtf8: { cause: "A safetensors header is not valid UTF-8.", remedy: again },
  HeaderJson: {
    cause: "A safetensors header is not JSON, or is nested deeper than a tensor's description.",
    remedy: again,
  },
  HeaderDuplicateKey: { cause: "A safetensors header has a key twice.", remedy: again },
  HeaderField: { cause: "A field of a safetensors header is missing, unknown or of the wrong type.", remedy: again },
  Dtype: {
    cause: "A tensor has a dtype that the format does not know or that weights are not read in, such as F8.",
    remedy: "Save the weights as F32, F16, BF16 or F64.",
  },
  Shape: { cause: "A tensor's shape is not a list of sizes.", remedy: again },
  Offset: { cause: "A tensor's offsets are not two positions in the file.", remedy: again },
  Hole: { cause: "A safetensors file has bytes that belong to no tensor.", remedy: again },
  Overlap: { cause: "Two tensors of a safetensors file share bytes.", remedy: again },
  SizeMismatch: { cause: "A tensor's bytes are not as many as its shape and dtype say.", remedy: again },
  Truncated: {
    cause: "A file is shorter than its header says, or became shorter while it was read.",
    remedy: "Get the file again, and let no other program write it meanwhile.",
  },
  TrailingBytes: { cause: "A safetensors file has bytes after its last tensor.", remedy: again },
  ConfigInvalid: {
    cause: "config.json or preprocessor_config.json is not JSON, or a field has a value of the wrong type.",
    remedy: "Correct the field that the message names.",
  },
  ConfigUnsupported: {
    cause: "A config asks for a family, task or setting that relprop does not compute.",
    remedy: "The message names the field and what is supported; see docs/reference/models.md.",
  },
  ConfigMismatch: {
    cause: "config.json contradicts the shapes of the tensors.",
    remedy: "Use the config that was saved with these weights.",
  },
  TokenizerInvalid: {
    cause: "tokenizer.json or a file in its folder is not what the tokenizers library writes.",
    remedy: "Save the tokenizer again with transformers.",
  },
  TokenizerUnsupported: {
    cause: "A tokenizer has a part that relprop does not read.",
    remedy: "The message names the part and what there is instead.",
  },
  IndexInvalid: {
    cause: "model.safetensors.index.json does not map tensors to shards.",
    remedy: "Save the model again, or get the index again.",
  },
  UnsafePath: {
    cause: "A file named by an index or by modules.json lies outside the model's folder.",
    remedy: "Do not load this checkpoint, or correct the path.",
  },
  MissingFile: {
    cause: "A file of the checkpoint is not there.",
    remedy: "The message names it; see docs/reference/load.md.",
  },
  MissingTensor: {
    cause: "The weights lack a tensor that the config's architecture needs.",
    remedy: "Use the weights that were saved with this config.",
  },
  UnexpectedShape: {
    cause: "A tensor has another shape than the architecture needs.",
    remedy: "Use the weights that were saved with this config.",
  },
  UnexpectedDtype: {
    cause: "A tensor of weights is of booleans or integers.",
    remedy: "Save the weights as F32, F16 or BF16; quantised weights are not read.",
  },
  NonFiniteWeights: {
    cause: "A weight is NaN or infinite.",
    remedy: "The training diverged or the conversion overflowed: export the model again.",
  },
  LimitExceeded: {
    cause: "A file or an input is larger than a limit that keeps work in proportion.",
    remedy: "The message names the limit; ask for less at a time.",
  },
  FetchStatus: {
    cause: "A server answered with an error, or redirected too often.",
    remedy: "Check the address, and whether the model is public.",
  },
  FetchContentType: {
    cause: "A server sent an HTML page in place of a file.",
    remedy: "Give the base URL of the model's own files.",
  },
  FetchTruncated: { cause: "A download ended early.", remedy: "Try again." },
  FetchFailed: {
    cause: "A request failed: no network, or no permission by CORS.",
    remedy: "Check the network and the server's `access-control-allow-origin`.",
  },
  FetchStalled: {
    cause: "A server sent too little for the time of `stallTimeout`.",
    remedy: "Try again, or raise `stallTimeout`.",
  },
  FetchRange: {
    cause: "A server answered a request for a range with other bytes.",
    remedy: "Use a server that supports ranges as HTTP defines them.",
  },
  FetchChanged: {
    cause: "A file changed on the server while it was read.",
    remedy: "Load again; name a revision that stays.",
  },
  Integrity: {
    cause: "A file has another SHA-256 than `integrity` says, or the hash cannot be computed.",
    remedy: "Get the right file, or correct the hash; a page needs https.",
  },
  OriginDenied: {
    cause: "A redirect leads to an address that may not be asked.",
    remedy: "Load from where the files are.",
  },
  InvalidInput: {
    cause: "What was given is not an input of this model, a model, or a file of the kind that was asked for.",
    remedy: "The message says what there is and what is wanted.",
  },
  InvalidOption: {
    cause: "An option is unknown, has a value that it cannot have, or is not for this model.",
    remedy: "The message names the option and the values that it takes.",
  },
  InputTooLong: { cause: "A text has more tokens than the model takes.", remedy: "Shorten it, or set `truncate`." },
  EmptyInput: {
    cause: "There is nothing to explain: no tokens, rows or points.",
    remedy: "Give a text with at least one token.",
  },
  ImageUnsupported: {
    cause: "An image is of a format, colour type or size that is not read here.",
    remedy: "Give RGBA pixels, or a PNG or JPEG; in Node install `fast-png` and `jpeg-js`.",
  },
  ChatUnsupported: {
    cause: "The model has no chat template, or `@huggingface/jinja`, which renders templates, is not there.",
    remedy: "Give a text in place of `messages`; or install the package, in pages by `load(source, { jinja })`.",
  },
  Aborted: { cause: "The caller's `signal` aborted the call.", remedy: "Nothing: it was asked for." },
  Disposed: { cause: "The model was disposed of before the call ended.", remedy: "Load it again." },
  NonFiniteResult: {
    cause: "A number of a result overflowed: weights or inputs are too large for 32-bit floats.",
    remedy: "Scale the input, or use another method; the message names the number.",
  },
  OutOfMemory: {
    cause: "The runtime has no memory for the weights or the work.",
    remedy: "Shorter texts, `keepHalfPrecision`, or a machine with more memory.",
  },
  WasmUnavailable: {
    cause: "The runtime does not compile the kernels.",
    remedy: "Allow `'wasm-unsafe-eval'` in the page's policy, or pass `wasm` in an edge function.",
  },
  WasmTrap: { cause: "A kernel trapped.", remedy: "Report it with the model and the input; the model stays usable." },
  GpuUnavailable: {
    cause: "There is no WebGPU, or no adapter.",
    remedy: 'Use `backend: "auto"` or `"wasm"`; in Node `npm install webgpu`.',
  },
  GpuLimits: {
    cause: "A buffer or a dispatch is larger than the device allows.",
    remedy: 'Shorter texts, fewer at a time, or `backend: "wasm"`.',
  },
  GpuOutOfMemory: {
    cause: "The device has no memory for the weights or the work.",
    remedy: 'Shorter texts, `keepHalfPrecision`, or `backend: "wasm"`.',
  },
  GpuValidation: { cause: "WebGPU refused a shader or a command.", remedy: "Report it with the browser and the GPU." },
  DeviceLost: {
    cause: "The GPU's device was lost, and again after it was replaced.",
    remedy: 'Load the model again; `backend: "wasm"` depends on no device.',
  },
  WorkerCrashed: {
    cause: "The worker that ran the model ended.",
    remedy: "The next call starts it again, up to three times a minute.",
  },
} satisfies Record<ErrorCode, ErrorHelp>;
