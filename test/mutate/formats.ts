// Faults in how quantised checkpoints are read and written.

import type { Planted } from "./fault.ts";

const tests = ["quantised: every matrix"];

export const formats: readonly Planted[] = [
  {
    file: "src/checkpoint/quantised/gptq.ts",
    tests,
    faults: {
      "zero points of version 1 are taken as they are": [
        "all(middle - 1) || !late ? ones : 0",
        "all(middle - 1) ? ones : 0",
      ],
      "zero points of version 2 are taken for version 1's": ["all(middle - 1) || !late", "all(middle - 1) || late"],
      "a wrong label is believed": ["all(middle) ? 0 : ", ""],
      "the order of columns is left out": ["        group,\n", ""],
    },
  },
  {
    file: "src/checkpoint/quantised/awq.ts",
    tests,
    faults: { "eight columns lie in order": ["[0, 4, 1, 5, 2, 6, 3, 7]", "[0, 1, 2, 3, 4, 5, 6, 7]"] },
  },
  {
    file: "src/checkpoint/quantised/bitsandbytes.ts",
    tests,
    faults: {
      "what was taken from nested scales is not added": [") + plus", ")"],
      "127 divides once": ["Math.fround(out[i] * scale[row]) * by", "(out[i] * scale[row]) / 127"],
    },
  },
  {
    file: "src/checkpoint/quantised/rows.ts",
    tests,
    faults: {
      "a code that two words share is cut": ["shift + bits > 32 ?", "shift + bits > 64 ?"],
      "the high half of a byte is the first": ["((i & 1) << 2)) & 15", "((~i & 1) << 2)) & 15"],
      "zero points are left out": ["zero ? zero[k] : 0", "0"],
      "a row has the scales of the one before": [
        "Math.floor(row / rows) * columns",
        "Math.floor(Math.max(0, row - 1) / rows) * columns",
      ],
    },
  },
  {
    file: "src/checkpoint/quantised/floats.ts",
    tests,
    faults: {
      "subnormal numbers have the next exponent": ["m * 2 ** (1 - bias - mantissa)", "m * 2 ** -(bias + mantissa)"],
    },
  },
  {
    file: "src/checkpoint/quantised/compressed_tensors.ts",
    tests,
    faults: { "a global scale multiplies": ["one / by", "one * by"] },
  },
  {
    file: "src/checkpoint/quantised/decoded.ts",
    tests,
    faults: { "GPT-2's matrices are not turned": ["columns?.test(name) ? inColumns(layer) : layer", "layer"] },
  },
  {
    file: "src/checkpoint/quantised/quantise.ts",
    tests: ["quantise"],
    faults: {
      "codes are cut off, not rounded": ["Math.round(x / scale)", "Math.trunc(x / scale)"],
      "scales are cut off, not rounded": ["0xfff + ((bits[0] >>> 13) & 1)", "0"],
    },
  },
  {
    file: "src/cli/quantised_file.ts",
    tests: ["quantise"],
    faults: {
      "the first of two codes is the high one": [
        "(codes[2 * i] + 8) | ((codes[2 * i + 1] + 8) << 4)",
        "(codes[2 * i + 1] + 8) | ((codes[2 * i] + 8) << 4)",
      ],
    },
  },
];
