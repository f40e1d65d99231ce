// FP8 with a scale for each block, as DeepSeek-V3 has it, or for each row.

import { e4m3, e5m2 } from "./floats.ts";
import { hasShape, type Layer, layers, matrix, numbers, type Source } from "./layer.ts";
import { tabled } from "./narrowed.ts";
import { bytesOf, scaled } from "./rows.ts";
import { blockSize, own, unsupported } from "./settings.ts";

const FP8 = ["F8_E4M3", "F8_E5M2"];

export function fp8(source: Source): Layer[] {
  const { config, field, stored } = source;
  const given = Object.hasOwn(config, "weight_block_size") ? config.weight_block_size : [128, 128];
  const dtype = own(config, "expert_dtype");
  if (dtype !== undefined && dtype !== "fp8") throw unsupported(`${field}.expert_dtype`, dtype, "supported is fp8");
  const [high, wide] = given === null ? [] : blockSize(given, `${field}.weight_block_size`);
  return [...layers(stored, "weight_scale_inv")].map((layer) => {
    const weight = layer.get("weight", FP8);
    const scales = layer.get("weight_scale_inv", ["F32", "F16", "BF16", "F8_E8M0", "U8"]);
    const [out, width] = matrix(weight);
    const grid = { rows: high ?? out, width: wide ?? width, columns: Math.ceil(width / (wide ?? width)) };
    const single = !high && scales.info.shape.every((n) => n === 1);
    if (!single) hasShape(scales, [Math.ceil(out / grid.rows), grid.columns], `${layer.prefix}weight`);
    return {
      name: `${layer.prefix}weight`,
      shape: [out, width],
      of: layer.names,
      kind: `${weight.info.dtype} (fp8)`,
      layout: tabled(8, Math.min(grid.width, width)),
      async open(read) {
        const table = weight.info.dtype === "F8_E4M3" ? e4m3() : e5m2();
        const codes = bytesOf(await read(weight), width, table);
        return scaled(width, codes, { scale: await numbers(scales, read), ...grid });
      },
    };
  });
}
