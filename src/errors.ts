/**
 * Every code an error of this package can carry. Codes are stable: programs may branch on them, messages may improve.
 */
export type ErrorCode =
  // a safetensors file (rules V1–V17: see safetensors.ts)
  | "NotSafetensors"
  | "HeaderTooSmall"
  | "HeaderTooLarge"
  | "HeaderLength"
  | "HeaderUtf8"
  | "HeaderJson"
  | "HeaderDuplicateKey"
  | "HeaderField"
  | "Dtype"
  | "Shape"
  | "Offset"
  | "Hole"
  | "Overlap"
  | "SizeMismatch"
  | "Truncated"
  | "TrailingBytes"
  // the rest of a checkpoint
  | "ConfigInvalid"
  | "ConfigUnsupported"
  | "ConfigMismatch"
  | "TokenizerInvalid"
  | "TokenizerUnsupported"
  | "IndexInvalid"
  | "UnsafePath"
  | "MissingFile"
  | "MissingTensor"
  | "UnexpectedShape"
  | "UnexpectedDtype"
  | "NonFiniteWeights"
  | "LimitExceeded"
  // fetching
  | "FetchStatus"
  | "FetchContentType"
  | "FetchTruncated"
  | "FetchFailed"
  | "FetchStalled"
  | "FetchRange"
  | "FetchChanged"
  | "Integrity"
  | "OriginDenied"
  // asking
  | "InvalidInput"
  | "InvalidOption"
  | "InputTooLong"
  | "EmptyInput"
  | "ImageUnsupported"
  | "ChatUnsupported"
  // running
  | "Aborted"
  | "Disposed"
  | "NonFiniteResult"
  | "OutOfMemory"
  | "WasmUnavailable"
  | "WasmTrap"
  | "GpuUnavailable"
  | "GpuLimits"
  | "GpuOutOfMemory"
  | "GpuValidation"
  | "DeviceLost"
  | "WorkerCrashed";

/**
 * What went wrong, as a stable `code`, a sentence that says what there is instead, and `facts` a program can use. (Not
 * called `details`: assertion libraries use that name, and uvu loses a failure if its `details` are not a string.)
 */
export class RelpropError extends Error {
  override readonly name = "RelpropError";
  /** What went wrong, for programs; stable. */
  readonly code: ErrorCode;
  /** Data that the message is made of, such as `{ file }`. */
  readonly facts: Readonly<Record<string, unknown>>;

  /** The message is made printable: control characters are shown as text. */
  constructor(code: ErrorCode, message: string, facts: Record<string, unknown> = {}, cause?: unknown) {
    super(printable(message), cause === undefined ? undefined : { cause });
    this.code = code;
    this.facts = facts;
  }
}

/** Messages quote names out of untrusted files: no control or direction characters, and at most 500 characters. */
function printable(message: string): string {
  const safe = message.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, "\ufffd");
  return safe.length <= 500 ? safe : `${safe.slice(0, 499)}…`;
}

/** A string as it is, any other value as JSON: what JSON has under "toString" makes String() throw. @internal */
export const asText = (value: unknown): string => (typeof value === "string" ? value : json(value));

/** A value out of an untrusted file, short enough to quote. @internal */
export function quote(value: unknown): string {
  const text = asText(value);
  return `"${text.length <= 80 ? text : `${text.slice(0, 79)}…`}"`;
}

function json(value: unknown): string {
  let left = 100; // values that are written: more do not fit
  const shown = (value: unknown) => {
    if (left-- <= 0) return undefined;
    if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
    return Array.isArray(value) ? value.slice(0, 40) : value;
  };
  try {
    if (typeof value === "number" || typeof value === "bigint") return String(value);
    return JSON.stringify(value, (_, one) => shown(one)) ?? String(value);
  } catch {
    return typeof value; // nested too deep, circular, or hostile
  }
}

/** What a runtime throws where it has no memory, with a code; anything else as it is. @internal */
export function coded(error: unknown): unknown {
  if (!(error instanceof RangeError && /alloc|memory|(array|buffer) length/i.test(error.message))) return error;
  return new RelpropError("OutOfMemory", `this runtime has no memory for it: ${error.message}`, {}, error);
}

/** Rejects with `Aborted` once the caller's signal says so. @internal */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw aborted(signal);
}

/** @internal */
export const aborted = (signal?: AbortSignal): RelpropError =>
  new RelpropError("Aborted", "the caller aborted this call", {}, signal?.reason);
