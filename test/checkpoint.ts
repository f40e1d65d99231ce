// Writing checkpoints for tests: safetensors files taken apart and put together again, without a check of any kind.

export interface Stored {
  dtype: string;
  shape: number[];
  bytes: Uint8Array;
}

export function unpack(file: Uint8Array): Map<string, Stored> {
  const length = new DataView(file.buffer, file.byteOffset).getUint32(0, true);
  const header: Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }> = JSON.parse(
    new TextDecoder().decode(file.subarray(8, 8 + length)),
  );
  const tensors = new Map<string, Stored>();
  for (const [name, tensor] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const [start, end] = tensor.data_offsets;
    const bytes = file.slice(8 + length + start, 8 + length + end);
    tensors.set(name, { dtype: tensor.dtype, shape: tensor.shape, bytes });
  }
  return tensors;
}

export function pack(tensors: Iterable<readonly [string, Stored]>): Blob {
  const header: Record<string, unknown> = {};
  const parts: Uint8Array[] = [];
  let end = 0;
  for (const [name, { dtype, shape, bytes }] of tensors) {
    header[name] = { dtype, shape, data_offsets: [end, end + bytes.length] };
    parts.push(bytes);
    end += bytes.length;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const prefix = new Uint8Array(8);
  new DataView(prefix.buffer).setUint32(0, json.length, true);
  return new Blob([prefix, json, ...parts] as BlobPart[]);
}

/** Values as a dtype that holds every f16 exactly. */
export function encoded(values: Float32Array, dtype: "F32" | "F64"): Uint8Array {
  return new Uint8Array((dtype === "F32" ? values : Float64Array.from(values)).slice().buffer);
}
