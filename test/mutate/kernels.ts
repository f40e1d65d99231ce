// Faults in the kernels of assembly/, which tests must catch on WASM.

import type { Planted } from "./fault.ts";

export const kernels: readonly Planted[] = [
  {
    file: "assembly/attend.ts",
    tests: ["grouped-attention", "attend"],
    faults: {
      "padding is not masked": [
        "const place = offset + r, stop = min<u32>(n, place + after + 1);",
        "const place = offset + r, stop = min<u32>(s, place + after + 1);",
      ],
      "a causal row sees the next key": [
        "stop = min<u32>(n, place + after + 1);",
        "stop = min<u32>(n, place + after + 2);",
      ],
      "the span begins one late": [
        "place - min<u32>(place, before), stop)",
        "place - min<u32>(place, max<u32>(before, 1) - 1), stop)",
      ],
      "a text's rows are not shifted": ["offset = shifted * <u32>at(offsets, i)", "offset: u32 = 0"],
      "heads of queries have keys by turns": [
        "kv = h / (heads / kv_heads);\n    const n",
        "kv = h % kv_heads;\n    const n",
      ],
      "a block's rows see keys of the first row alone": [
        "wide = end_key(own, t, r + count - 1) - low;\n      const seen = (i * s",
        "wide = end_key(own, t, r) - low;\n      const seen = (i * s",
      ],
      "columns of weights are not divided by their sums": ["f32x4.div(e, load4(totals, i, to_row, all(1)))", "e"],
      "the last head's values alone get a gradient": ["const sum = h > kv * each ? o : 0;", "const sum: usize = 0;"],
      "the context's share is missing": [
        "from(v, seen), kv_width, 0, 0, count, wide, d, context);",
        "from(v, seen), kv_width, 0, 0, count, wide, d, 1);",
      ],
      "√d is missing from the queries' gradient": [
        "keys, kv_width, 0, 0, count, d, wide, scale * scores);",
        "keys, kv_width, 0, 0, count, d, wide, scores);",
      ],
      "the scores' share is missing from the keys' gradient": [
        "count, d, wide,\n          scale * scores,",
        "count, d, wide,\n          scale,",
      ],
      "the context's share is missing from the values' gradient": [
        "more ? o_values : 0, kv_width, count, d, wide, context,",
        "more ? o_values : 0, kv_width, count, d, wide, 1,",
      ],
      "what rounding left of the mean is lost": [
        "softmax_grad_row(g_row, row, g_row, mean, rest, wide);",
        "softmax_grad_row(g_row, row, g_row, mean, 0, wide);",
      ],
      "the mean is not subtracted from the keys' gradient": [
        "f32x4.sub(f32x4.sub(load4(row, l, wide), load4(mean, l, wide)), load4(rest, l, wide))",
        "f32x4.sub(load4(row, l, wide), load4(rest, l, wide))",
      ],
      "targets read queries of their own": ["from(q, (text * t + r) * width + h * d)", "from(q, start)"],
    },
  },
  {
    file: "assembly/attention.ts",
    tests: ["grouped-attention", "attention"],
    faults: {
      "scores of a text's first head": [
        "right_batch) * s * kv_width + kv * d);\n    product_nt",
        "right_batch) * s * kv_width);\n    product_nt",
      ],
      "heads of queries have keys by turns": [
        "kv = h / (heads / kv_heads);\n    const a",
        "kv = h % kv_heads;\n    const a",
      ],
      "heads of queries have values by turns": [
        "kv = h / (heads / kv_heads);\n    const p",
        "kv = h % kv_heads;\n    const p",
      ],
      "heads are written in reverse order": [
        "from(out, i * t * width + h * d)",
        "from(out, i * t * width + (heads - 1 - h) * d)",
      ],
      "heads overlap by one": ["from(out, i * t * width + h * d)", "from(out, i * t * width + h * (d - 1))"],
      "targets read values of their own": [
        "const b = from(right, (i % right_batch) * s * kv_width + kv * d);\n    product_nn",
        "const b = from(right, i * s * kv_width + kv * d);\n    product_nn",
      ],
      "pᵀ is p": ["kv_width, p, 1, s, a, width", "kv_width, p, s, 1, a, width"],
      "of heads that share values the last one counts": ["sum = h > kv * group ? o : 0;", "sum: usize = 0;"],
    },
  },
  {
    file: "assembly/scale_rows.ts",
    tests: ["blocks: rows scaled"],
    faults: {
      "scales are not read again": ["b % blocks", "min<u32>(b, blocks - 1)"],
      "the scale is left out": ["scale * at(s,", "at(s,"],
    },
  },
  {
    file: "assembly/elementwise.ts",
    tests: ["ops"],
    faults: {
      "a sum is a difference": ["f32x4.add(load4", "f32x4.sub(load4"],
      "a shorter operand starts one late": [
        "load4(b, i - base, stop - base)",
        "load4(b, i - base + 1, stop - base + 1)",
      ],
    },
  },
  {
    file: "assembly/mul.ts",
    tests: ["positions: gates"],
    faults: {
      "the scale counts twice": [
        "f32x4.mul(all(scale), load4(a, i, stop))",
        "f32x4.mul(all(scale * scale), load4(a, i, stop))",
      ],
    },
  },
  {
    file: "assembly/segments.ts",
    tests: ["gradient: highest|spread", "point-mae: the largest of a group"],
    faults: {
      "the last member is left out": [
        "let most = all(-Infinity);\n      for (let k: u32 = 0; k < each;",
        "let most = all(-Infinity);\n      for (let k: u32 = 0; k < each - 1;",
      ],
      "the smallest number wins": ["if (at(rows, k * cols + c) > at(rows,", "if (at(rows, k * cols + c) < at(rows,"],
      "the last of equals wins": ["if (at(rows, k * cols + c) > at(rows,", "if (at(rows, k * cols + c) >= at(rows,"],
      "all groups get the first one's numbers": ["const row = from(x, (r % m) * cols);", "const row = from(x, 0);"],
      "the sum is the last member's": ["sums = f32x4.add(sums, load4", "sums = f32x4.add(all(0), load4"],
    },
  },
  {
    file: "assembly/linear.ts",
    tests: ["linear", "matmul"],
    faults: {
      "the bias is left out": ["const start = bias ? from(bias, c) : 0;", "const start: usize = 0;"],
      "the bias of the next column": ["from(bias, c) : 0", "from(bias, c + 1) : 0"],
      "the residual of the first row": ["other = from(r, row * cols)", "other = from(r, 0)"],
      "what is added starts each row again": ["start, cols, rows, n", "start, 0, rows, n"],
      "a square weight is transposed": [
        "product_nt(from(out, c), cols, x, depth, from(w, c * depth), depth, start, 0, rows, n, depth, 1);",
        "if (cols == depth) product_nn(from(out, c), cols, x, depth, 1, from(w, c), cols, start, 0, rows, n, depth, 1);\n  else product_nt(from(out, c), cols, x, depth, from(w, c * depth), depth, start, 0, rows, n, depth, 1);",
      ],
    },
  },
  {
    file: "assembly/map.ts",
    tests: ["activation"],
    faults: {
      "the gradient is not multiplied": [
        "f32x4.mul(load4(g, i, stop), f(load4(x, i - base, stop - base)))",
        "f(load4(x, i - base, stop - base))",
      ],
      // Only of times(): what each() makes is as large as x, whichever op asks.
      "a shorter x is not read again": [
        "f32x4.mul(load4(g, i, stop), f(load4(x, i - base, stop - base)))",
        "f32x4.mul(load4(g, i, stop), f(load4(x, i, stop)))",
      ],
    },
  },
  {
    file: "assembly/math.ts",
    tests: ["activation", "softmax"],
    faults: {
      "eˣ of the wrong sign of rounding": [
        "const r = mul_add(n, c(EXP, 3),",
        "const r = mul_add(f32x4.neg(n), c(EXP, 3),",
      ],
      "eˣ ends early": ["88.0, -87.3,", "88.0, -17.3,"],
      "σ(x) is σ(−x)": [
        "if_negative(x, e, one()), f32x4.add(one(), e)",
        "if_negative(x, one(), e), f32x4.add(one(), e)",
      ],
      "softplus without its largest term": ["return mul_add(p, s, f32x4.max(x, all(0)));", "return f32x4.mul(p, s);"],
      "the normal density is not normalised": ["0.5, 0.39894228", "0.5, 0.4"],
      "Φ's tails are swapped": [
        "return if_negative(x, tail, f32x4.sub(one(), tail));",
        "return if_negative(x, f32x4.sub(one(), tail), tail);",
      ],
      "tanh's series ends at ½": ["0.625, -5.7", "0.925, -5.7"],
      // One constant more or less in ln p would be no fault: Σ p is 1 wherever it is used.
      "ln's exponent is left out": [
        "return mul_add(n, c(EXP, 4), f32x4.add(",
        "return mul_add(all(0), c(EXP, 4), f32x4.add(",
      ],
    },
  },
  {
    file: "assembly/matmul.ts",
    tests: ["matmul", "linear", "attention"],
    faults: {
      "the last columns of a block are dropped": [
        "wide = min<u32>(COLS, cols - c),",
        "wide = min<u32>(COLS, max<u32>(cols - c, 2) - 1),",
      ],
      "chunks of the shared dimension start anew": ["if (!k) {", "if (true) {"],
      "the last of the shared dimension is dropped": [
        "const deep = min<u32>(chunk, depth - k);",
        "const deep = min<u32>(chunk, depth - k) & ~1;",
      ],
      "a last panel has four rows": ["tall = min<u32>(WIDE, n - i);", "tall = min<u32>(4, n - i);"],
      "the third row of a panel is the second": ["y2 = from(x, min(i + 2, n - 1) * across)", "y2 = y1"],
      "a row's dot product without its last four": ["if (k + 4 < depth) high", "if (k + 8 < depth) high"],
      "a block's second rows are the first's": ["x = from(a, r * a_row + k * a_col);", "x = from(a, k * a_col);"],
    },
  },
  {
    file: "assembly/tiles.ts",
    tests: ["matmul", "linear", "attention"],
    faults: {
      "the fifth column is the fourth": ["v = v128.load_splat<f32>(w4);", "v = v128.load_splat<f32>(w3);"],
      "two rows are swapped": [
        "finish(out + 2 * o, start + 2 * s, firsts",
        "finish(out + 2 * o, start + 2 * s, seconds",
      ],
      "the scale is left out": ["f32x4.mul(all(scale), sums)", "sums"],
      "a single row skips a step": ["s = relaxed_madd(v2, firsts(high01, high23), s);", ""],
    },
  },
  {
    file: "assembly/memory.ts",
    tests: ["ops", "kernels"],
    faults: {
      "the third of three is not read": ["if (n > 2) v = v128.load32_lane", "if (n > 3) v = v128.load32_lane"],
      "the third of three is not written": ["if (n > 2) v128.store32_lane", "if (n > 3) v128.store32_lane"],
    },
  },
  {
    file: "assembly/memory.ts",
    tests: ["threads"],
    faults: { "threads leave out the rest of a division": ["(n + unit - 1) / unit", "n / unit"] },
  },
  {
    file: "assembly/norm.ts",
    tests: ["norm", "ops"],
    faults: {
      "the variance's mean is not corrected": ["total / n - rest * rest", "total / n"],
      "ε is outside the root": ["1 / sqrt<f32>(v + eps)", "1 / (sqrt<f32>(v) + eps)"],
      "large rows overflow": ["if (!(total < LARGE)) return measure_large(moments, x, cols, eps, centred);", ""],
      "large rows have half their deviation": ["<f32>(1 / sqrt<f64>(v + eps))", "<f32>(2 / sqrt<f64>(v + eps))"],
      "RMSNorm has a bias": ["centred ? load4(b, i, cols) : all(0)", "load4(b, i, cols)"],
      "RMSNorm has a mean": ["m: f32 = centred ? mean(x, cols) : 0", "m: f32 = mean(x, cols)"],
      "β is left out": [
        "mul_add(hat, load4(w, i, cols), centred ? load4(b, i, cols) : all(0))",
        "f32x4.mul(hat, load4(w, i, cols))",
      ],
      "γ is missing from the identity rule": [
        "const hat = f32x4.mul(load4(up, i, cols), load4(w, i, cols));\n      store4(o, i, cols, f32x4.mul(f32x4.sub(f32x4.sub(hat",
        "const hat = load4(up, i, cols);\n      store4(o, i, cols, f32x4.mul(f32x4.sub(f32x4.sub(hat",
      ],
      "the mean is held constant": ["f32x4.sub(f32x4.sub(hat, all(plain)), all(rest)), rstd", "hat, rstd"],
      "the gradient is not orthogonal to x̂": ["f32x4.mul(unit, all(along))", "all(0)"],
      "targets read rows of their own": [
        "const y = r % forward, row = from(x, y * cols), own",
        "const y = r % forward, row = from(x, r * cols), own",
      ],
      "what is kept has no ε": [
        "put(moments, 3, v / (v + eps));\n}\n\n/** The same",
        "put(moments, 3, 1);\n}\n\n/** The same",
      ],
      "what rounding left of a mean is lost": [
        "const hat = f32x4.mul(less_mean(row, i, cols, m, rest), rstd);",
        "const hat = f32x4.mul(less_mean(row, i, cols, m, all(0)), rstd);",
      ],
    },
  },
  {
    file: "assembly/plain_weights.ts",
    tests: ["blocks: number of keys"],
    faults: {
      "a row sees one key more": ["place + after + 1);", "place + after + 2);"],
      "the number of keys is the text's": ["<f32>(n - start)", "<f32>n"],
    },
  },
  {
    file: "assembly/reduce.ts",
    tests: ["ops", "norm"],
    faults: {
      "every row of b is the first": ["(r % b_rows) * cols", "0"],
      "a row of zeros has a direction": ["max<f32>(length, 1e-12)", "length"],
    },
  },
  {
    file: "assembly/rotary.ts",
    tests: ["positional: phi"],
    faults: { "a position's share is not taken": ["share * (a * c - b * s)", "a * c - b * s"] },
  },
  {
    file: "assembly/rotary.ts",
    tests: ["positions: rotary"],
    faults: {
      "positions go on from text to text": ["(r % rows) * turned", "r * turned"],
      "the second half turns the other way": ["b * c + a * s", "b * c - a * s"],
    },
  },
  {
    file: "assembly/seed.ts",
    tests: ["ops"],
    faults: {
      "the last of equals is the top class": ["at(row, c) > at(row, top)", "at(row, c) >= at(row, top)"],
      "classes with a weight may be the top one": ["at(asked, c) == 0 &&", "true &&"],
    },
  },
  {
    file: "assembly/select.ts",
    tests: ["ops"],
    faults: {
      "the row after is picked": ["from(x, (b * t + index) * cols)", "from(x, (b * t + (index + 1) % t) * cols)"],
      "other rows keep what was there": ["memory.fill(from(out, b * t * cols), 0, bytes * t);", ""],
    },
  },
  {
    file: "assembly/signs.ts",
    tests: ["linear"],
    faults: {
      "the negative part is the positive one": [
        "sign > 0 ? f32x4.max(v, all(0)) : f32x4.min(v, all(0))",
        "f32x4.max(v, all(0))",
      ],
      "shares where nothing has the sign": ["v128.and(f32x4.div(whole, d), there)", "f32x4.div(whole, d)"],
      "a and b are swapped": [
        "v128.bitselect(load4(a, i, stop), load4(b, i, stop), yes)",
        "v128.bitselect(load4(b, i, stop), load4(a, i, stop), yes)",
      ],
    },
  },
  {
    file: "assembly/relative_shift.ts",
    tests: ["positions: scores by distance"],
    faults: {
      "distances are one off": ["i + t - 1 - j)", "i + t - j)"],
      "keys' distances are queries' in the transpose": [
        "const other = keys ? own + c - (t - 1) : own + t - 1 - c;",
        "const other = own + t - 1 - c;",
      ],
    },
  },
  {
    file: "assembly/softmax.ts",
    tests: ["softmax", "attention", "attn-lrp"],
    faults: {
      "the mask is off by one": [
        "const n = min<u32>(<u32>at(lengths, r / per), cols);\n    softmax_row",
        "const n = min<u32>(<u32>at(lengths, r / per) + 1, cols);\n    softmax_row",
      ],
      "all rows have the first text's length": [
        "const n = min<u32>(<u32>at(lengths, r / per), cols);\n    softmax_row",
        "const n = min<u32>(<u32>at(lengths, 0), cols);\n    softmax_row",
      ],
      "the peak is not subtracted": ["all(-Infinity)), all(peak))", "all(-Infinity)), all(0))"],
      "rows do not add up to 1": ["f32x4.div(load4(out, i, n), all(total))", "load4(out, i, n)"],
      "what is masked keeps what was there": ["memory.fill(from(out, n), 0, (cols - n) << 2);", ""],
      "the span begins one late": [
        "place - min<u32>(place, before), n)",
        "place - min<u32>(place, max<u32>(before, 1) - 1), n)",
      ],
      "a causal row sees the next token": ["place + after + 1);", "place + after + 2);"],
      "Σ p g is left out": [
        "softmax_grad_row(from(out, r * cols), row, own, mean,",
        "softmax_grad_row(from(out, r * cols), row, own, 0,",
      ],
      "what rounding left of the mean is lost": ["all(mean)), all(rest));", "all(mean)), all(0));"],
      "p is left out": ["f32x4.mul(load4(p, i, cols), d)", "d"],
      "the Taylor bias has no entropy": ["(1 - sum(entropy))", "1"],
      "the Taylor bias has the logarithm added": ["- sum(curved)", "+ sum(curved)"],
    },
  },
  {
    file: "assembly/stabilize.ts",
    tests: ["ops", "linear"],
    faults: {
      "ε has no sign": ["v128.bitselect(f32x4.neg(eps), eps, f32x4.lt(v, all(0)))", "eps"],
      "the sign of 0 is −": ["f32x4.lt(v, all(0))", "f32x4.le(v, all(0))"],
    },
  },
  {
    file: "assembly/narrow.ts",
    tests: ["half-precision: in groups of"],
    faults: {
      "float16 has no sign": ["i32x4.splat(0x8000)", "i32x4.splat(0)"],
      "float16's exponent is one off": ["0x77800000", "0x78000000"],
      "bfloat16 at an edge is float16": ["i32x4.splat(load<u16>(p)), b)", "i32x4.splat(load<u16>(p)), false)"],
      "a group begins with its row's part": ["group - (col + i) % group", "group"],
      "offsets at an edge are left out": ["offsets ? f32x4.add(low, b) : low", "low"],
      "halves of bytes are swapped": ["v128.shuffle<u8>(low, high,", "v128.shuffle<u8>(high, low,"],
      "negative parts are positive": ["sign > 0 ?", "true ?"],
    },
  },
  {
    file: "assembly/experts.ts",
    tests: ["experts"],
    faults: {
      "all rows go to the first one's expert": ["chosen(choice, order, end, forward) != expert", "false"],
      "rows of a token are its choices'": ["<u32>at(order, slot) / each", "<u32>at(order, slot)"],
      "rows beyond a block are lost": ["if (count == most ||", "if (count == 2 * most ||"],
    },
  },
  {
    file: "assembly/top_k.ts",
    tests: ["experts"],
    faults: {
      "equal ones are chosen again": ["(v == before && c > previous)", "v == before"],
      "equal ones are left out": ["(v == before && c > previous)", "false"],
    },
  },
  {
    file: "assembly/group_rows.ts",
    tests: ["experts"],
    faults: {
      "targets are of the first rows": ["at(choice, r % forward) << 2), slot", "at(choice, r / forward) << 2), slot"],
    },
  },
  {
    file: "assembly/soft_cap.ts",
    tests: ["activation: soft cap"],
    faults: { "what is kept is not scaled": ["mul(all(limit), tanh_lost(ratio(x)))", "tanh_lost(ratio(x))"] },
  },
  {
    file: "assembly/activations/gelu.ts",
    tests: ["activation: gelu"],
    faults: {
      "the derivative has no second term": ["mul_add(x, normal_density(x), gate(x))", "gate(x)"],
    },
  },
  {
    file: "assembly/activations/gelu_10.ts",
    tests: ["activation: gelu_10"],
    faults: {
      "the slope goes on beyond 10": ["where(above(x, 10), all(0), mul_add", "where(above(x, 1000), all(0), mul_add"],
    },
  },
  {
    file: "assembly/activations/gelu_tanh.ts",
    tests: ["activation: gelu_new"],
    faults: {
      "the cube's factor is a digit off": ["all(0.044715)", "all(0.044175)"],
    },
  },
  {
    file: "assembly/activations/hardswish.ts",
    tests: ["activation: hardswish"],
    faults: {
      "the gate has no upper end": [
        "clamp(div(add(x, all(3)), all(6)), 0, 1)",
        "clamp(div(add(x, all(3)), all(6)), 0, 2)",
      ],
    },
  },
  {
    file: "assembly/activations/laplace.ts",
    tests: ["activation: laplace"],
    faults: {
      "the series' first term is a digit off": ["all(1.2533136)", "all(1.2353136)"],
    },
  },
  {
    file: "assembly/activations/leaky_relu.ts",
    tests: ["activation: leaky_relu"],
    faults: {
      "it leaks a tenth": ["all(0.01)", "all(0.1)"],
    },
  },
  {
    file: "assembly/activations/mish.ts",
    tests: ["activation: mish"],
    faults: {
      "tanh′ is 1 − tanh": ["add(one(), gate(x))", "one()"],
    },
  },
  {
    file: "assembly/activations/quick_gelu.ts",
    tests: ["activation: quick_gelu"],
    faults: {
      "it is SiLU": ["return mul(all(1.702), x)", "return x"],
    },
  },
  {
    file: "assembly/activations/relu.ts",
    tests: ["activation: relu"],
    faults: {
      "negative numbers have a gate": ["v128.and(above(x, 0), one())", "one()"],
    },
  },
  {
    file: "assembly/activations/relu2.ts",
    tests: ["activation: relu2"],
    faults: {
      "the derivative of a square is x": ["mul(all(2), gate(x))", "gate(x)"],
    },
  },
  {
    file: "assembly/activations/relu6.ts",
    tests: ["activation: relu6"],
    faults: {
      "the gate beyond 6 is 1": ["where(full(x), div(all(6), x), slope(x))", "where(full(x), one(), slope(x))"],
    },
  },
  {
    file: "assembly/activations/sigmoid.ts",
    tests: ["activation: sigmoid"],
    faults: {
      "the gate does not halve x": ["mul(all(0.5), x)", "x"],
    },
  },
  {
    file: "assembly/activations/silu.ts",
    tests: ["activation: silu"],
    faults: {
      "the derivative is the gate": ["mul(gate(x), mul_add(x, sigmoid(neg(x)), one()))", "gate(x)"],
    },
  },
  {
    file: "assembly/activations/sqrtsoftplus.ts",
    tests: ["activation: sqrtsoftplus"],
    faults: {
      "far down it is eˣ": ["exp(mul(all(0.5), x))", "exp(x)"],
    },
  },
  {
    file: "assembly/activations/tanh.ts",
    tests: ["activation: tanh"],
    faults: {
      "f(x)/x is the derivative": [
        "function gate(x: v128): v128 { return tanh_ratio(x); }",
        "function gate(x: v128): v128 { return slope(x); }",
      ],
    },
  },
  {
    file: "assembly/lib/activation.ts",
    tests: ["activation: gelu"],
    faults: {
      "the identity rule is the derivative": ["times(gate, out, x, g, n, m)", "times(slope, out, x, g, n, m)"],
      "what is kept is f(x)": ["each(lost, out, x, n, m)", "each(f, out, x, n, m)"],
    },
  },
];
