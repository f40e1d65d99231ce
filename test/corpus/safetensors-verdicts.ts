// What this reader says of the files by hand and of mutants, for the reference reader to be compared with:
// test/reference/safetensors_differential.py starts it and reads its output. Arguments: mutants, seed.

import { writeSync } from "node:fs";
import { readHeader } from "../../src/checkpoint/safetensors.ts";
import { RelpropError } from "../../src/errors.ts";
import { malformed, wellFormed } from "./safetensors-cases.ts";
import { mutant, seeded } from "./safetensors-mutants.ts";

const [n, seed] = process.argv.slice(2).map(Number);
const random = seeded(seed);

function* files(): Generator<[what: string, bytes: Uint8Array<ArrayBuffer>]> {
  for (const [code, what, bytes] of malformed) yield [`${code}: ${what}`, bytes];
  for (const [what, bytes] of wellFormed) yield [`read: ${what}`, bytes];
  for (let i = 0; i < n; i++) yield ["", mutant(random)];
}

async function verdict(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  try {
    await readHeader({ size: bytes.length, read: async (start, end) => bytes.slice(start, end) }, "a file");
    return "read";
  } catch (error) {
    if (error instanceof RelpropError) return error.code;
    throw error;
  }
}

for (const [what, bytes] of files()) {
  const head = `${JSON.stringify({ what, verdict: await verdict(bytes), bytes: bytes.length })}\n`;
  for (let frame = Buffer.concat([Buffer.from(head), bytes]); frame.length; ) {
    try {
      frame = frame.subarray(writeSync(1, frame));
    } catch (error) {
      if ((error as { code?: string }).code !== "EAGAIN") throw error;
    }
  }
}
