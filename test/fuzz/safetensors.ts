// Safetensors files that are almost right: a header that is as it should be, or an error with a code.

import * as assert from "uvu/assert";
import { readHeader, readTensor } from "../../src/checkpoint/safetensors.ts";
import { mutant } from "../corpus/safetensors-mutants.ts";
import { coded, type Fuzzer } from "./shared/fuzzer.ts";

const MANY = 200; // files a case: each takes microseconds

export const fuzzer: Fuzzer = {
  async one(random) {
    let bytes = 0;
    let what = "";
    for (let i = 0; i < MANY; i++) {
      const file = mutant(random);
      bytes += file.length;
      what = await coded(async () => {
        const read = async (start: number, end: number) => file.slice(start, end);
        const { tensors } = await readHeader({ size: file.length, read }, "it");
        for (const info of tensors.values()) {
          assert.ok(info.start >= 8 && info.start <= info.end && info.end <= file.length, info.name);
          if (info.dtype === "F32") await readTensor({ size: file.length, read }, info);
        }
      });
    }
    return { bytes, what };
  },
};
