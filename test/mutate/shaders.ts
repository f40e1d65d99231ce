// Faults in the shaders, which tests must catch on WebGPU.

import type { Planted } from "./fault.ts";

export const shaders: readonly Planted[] = [
  {
    file: "shaders/attend.wgsl",
    tests: ["grouped-attention"],
    faults: {
      "all texts have the first one's length": ["u32(lengths[text])", "u32(lengths[0])"],
      "a causal row sees the next key": [
        "let ends = min(vec4u(n), own + args.after + 1u);",
        "let ends = min(vec4u(n), own + args.after + 2u);",
      ],
      "the span begins one late": [
        "let starts = min(own - min(own, vec4u(args.before)), ends);",
        "let starts = min(own - min(own, vec4u(max(args.before, 1u) - 1u)), ends);",
      ],
      "a text's rows are not shifted": [
        "let offset = u32(offsets[text]) * args.shifted;",
        "let offset = 0u * u32(offsets[text]);",
      ],
      "heads of queries have keys by turns": [
        "let kv = h / (args.heads / args.kv_heads);",
        "let kv = h % args.kv_heads;",
      ],
      "sums are not brought to the new peak": ["total *= less;", ""],
      "the context is not brought to the new peak": ["sum.far[i] *= less[i];", ""],
      "sums of a row's threads are not added": ["total = across(lane, total);", ""],
      "where a row's keys end is not kept": [
        "stats[to + 3u * args.t] = f32(ends[i]);",
        "stats[to + 3u * args.t] = f32(args.s);",
      ],
    },
  },
  {
    file: "shaders/attend_queries.wgsl",
    tests: ["grouped-attention"],
    faults: {
      "the context's share is missing": ["var gp = args.context * product(", "var gp = product("],
      "√d is missing": ["store(lane, sum, args.scale * args.scores,", "store(lane, sum, args.scores,"],
      "Σ p g is left out": ["gp[r] = p * (gp[r] - means[r]);", "gp[r] = p * gp[r];"],
      "the Taylor bias has no entropy": ["means * (1.0 + plain) - both", "means - both"],
      "targets read queries of texts of their own": ["let queries = rows_of(Q, text,", "let queries = rows_of(Q, i,"],
    },
  },
  {
    file: "shaders/attend_keys.wgsl",
    tests: ["grouped-attention"],
    faults: {
      "the mask is missing": ["(key >= own.first) & (key < own.end) & (col", "(col"],
      "the sums are the first text's": [
        "let means_start = (i * args.heads + h) * 2u * args.t;",
        "let means_start = h * 2u * args.t;",
      ],
      "values get the keys' gradient": [
        "accumulate(lane, &values_sum, p, gradient",
        "accumulate(lane, &values_sum, gs, gradient",
      ],
      "the first head of a group counts alone": ["h < (kv + 1u) * each; h++", "h < kv * each + 1u; h++"],
    },
  },
  {
    file: "shaders/attend_values.wgsl",
    tests: ["grouped-attention"],
    faults: {
      "padding is not masked": ["(key >= own.first) & (key < own.end) & (col", "(key >= own.first) & (col"],
      "weights are not divided by their sums": [
        "exponentials(p[r] - own.peak) / own.total",
        "exponentials(p[r] - own.peak)",
      ],
    },
  },
  {
    file: "shaders/lib/tiles.wgsl",
    tests: ["grouped-attention"],
    faults: {
      "a row is read twice": ["y[2] += u.z * v;", "y[2] += u.y * v;"],
      "columns from 32 on are the first ones": [
        "let w = tiles[i * 16u + lane % 8u + 8u];",
        "let w = tiles[i * 16u + lane % 8u];",
      ],
      "weights are not transposed": ["let columns = transpose(p);", "let columns = p;"],
    },
  },
  {
    file: "shaders/lib/stats.wgsl",
    tests: ["grouped-attention"],
    faults: { "sums are peaks": ["four(start + t, i)", "four(start, i)"] },
  },
  {
    file: "shaders/attention.wgsl",
    tests: ["grouped-attention"],
    faults: {
      "heads of queries have keys by turns": [
        "let b = hidden(i % args.right_batch, h / (args.heads / args.kv_heads), args.s, args.kv_heads);\n  store",
        "let b = hidden(i % args.right_batch, h % args.kv_heads, args.s, args.kv_heads);\n  store",
      ],
      "of heads that share values the first counts alone": ["h < (kv + 1u) * group; h++", "h < kv * group + 1u; h++"],
      "the scale is left out": ["= args.scale * y[i][j];", "= y[i][j];"],
      "the shared dimension ends one early": [
        "for (var k = 0u; k < depth; k++)",
        "for (var k = 0u; k < max(depth, 2u) - 1u; k++)",
      ],
      "a row is read twice": ["y[2] += u.z * v;", "y[2] += u.y * v;"],
      "heads overlap by one": ["i * tokens * width + h * args.d", "i * tokens * width + h * (args.d - 1u)"],
      "heads are written in reverse order": [
        "store(id, hidden(i, h, args.t, args.heads), args.t",
        "store(id, hidden(i, args.heads - 1u - h, args.t, args.heads), args.t",
      ],
      "pᵀ is p": ["let p = transposed(weights(i % args.left_batch, h));", "let p = weights(i % args.left_batch, h);"],
      "targets read values of their own": [
        "let b = hidden(i % args.right_batch, h / (args.heads / args.kv_heads), args.s, args.kv_heads);\n  let y",
        "let b = hidden(i, h / (args.heads / args.kv_heads), args.s, args.kv_heads);\n  let y",
      ],
      "texts read weights of the first": ["weights(i % args.left_batch, h), b", "weights(0u, h), b"],
    },
  },
  {
    file: "shaders/scale_rows.wgsl",
    tests: ["blocks: rows scaled"],
    faults: {
      "the scale is left out": ["args.scale * s[", "s["],
      "scales go on from element to element": ["s[i / args.width % args.blocks]", "s[i % args.blocks]"],
    },
  },
  {
    file: "shaders/elementwise.wgsl",
    tests: ["ops"],
    faults: {
      "a sum is a difference": ["a[i] + b[i % args.m]", "a[i] - b[i % args.m]"],
      "a shorter operand is not read again": ["b[i % args.m]", "b[min(i, args.m - 1u)]"],
    },
  },
  {
    file: "shaders/mul.wgsl",
    tests: ["positions: gates"],
    faults: { "the scale is left out": ["args.scale * a[i]", "a[i]"] },
  },
  {
    file: "shaders/segments.wgsl",
    tests: ["gradient: highest|spread", "point-mae: the largest of a group"],
    faults: {
      "the last member is left out": [
        "var most = x[start];\n  for (var k = 1u; k < args.each;",
        "var most = x[start];\n  for (var k = 1u; k < args.each - 1u;",
      ],
      "the smallest number wins": ["> x[start + winner * args.cols]", "< x[start + winner * args.cols]"],
      "the last of equals wins": ["> x[start + winner * args.cols]", ">= x[start + winner * args.cols]"],
      "all groups get the first one's numbers": [
        "let value = x[(i / args.cols % args.m) * args.cols + i % args.cols];",
        "let value = x[i % args.cols];",
      ],
      "the sum is the last member's": ["total += x[", "total = x["],
    },
  },
  {
    file: "shaders/lib/product.wgsl",
    tests: ["linear", "matmul", "tiles"],
    faults: {
      "a term is missing": ["return s + u.w * v[3];", "return s;"],
      "sums are rounded to 16 bits": ["return s + u.w * v[3];", "return quantizeToF16(s + u.w * v[3]);"],
      "the bias is left out": ["value(e) + bias[i.y]; }", "value(e) + 0.0 * bias[i.y]; }"],
      "what is added is subtracted": ["value(e) + sum[i.x]", "value(e) - sum[i.x]"],
      "the residual is left out": ["value(e) + bias[i.y] + r[i.x]", "value(e) + bias[i.y] + 0.0 * r[i.x]"],
      "w is not transposed": ["return transpose(mat4x4f(w4(at, n)", "return (mat4x4f(w4(at, n)"],
      "a weight row beyond the edge is the first": [
        "min(4u * k + vec4u(0, 1, 2, 3), vec4u(args.depth - 1u))",
        "(4u * k + vec4u(0, 1, 2, 3)) % vec4u(args.depth - 1u)",
      ],
      "what is staged is read before it is there": [
        "if (WIDE == 2) { stage(slot(id.z, lane + SIDE * SIDE), v); }\n        workgroupBarrier();",
        "if (WIDE == 2) { stage(slot(id.z, lane + SIDE * SIDE), v); }",
      ],
      "a long row's last part is dropped": [
        "for (var p = 0u; p < parts; p++) { total",
        "for (var p = 0u; p < max(parts, 2u) - 1u; p++) { total",
      ],
      "elements that are not aligned are read as such": [
        "v[i] = x[(at + i) / 4u][(at + i) % 4u]",
        "v[i] = x[at / 4u][i]",
      ],
    },
  },
  {
    file: "shaders/norm.wgsl",
    tests: ["norm", "ops"],
    faults: {
      "the variance's mean is not corrected": ["left.y - left.x * left.x", "left.y"],
      "ε is left out": ["variance + args.eps * by * by", "variance"],
      "large rows overflow": ["largest(thread, peak) > 1e15)", "largest(thread, peak) > 1e38)"],
      "RMSNorm has a bias": ["select(0.0, b[i], args.centred > 0u)", "b[i]"],
      "RMSNorm has a mean": ["let mean = centred * sum(thread, total) / n;", "let mean = sum(thread, total) / n;"],
      "β is left out": ["select(0.0, b[i], args.centred > 0u)", "0.0 * b[i]"],
      "the gradient is not orthogonal to x̂": ["* own.z * both.y) * own.z", "* 0.0) * own.z"],
      "what is kept has no ε": ["out[at.row] = own.w * along;", "out[at.row] = along;"],
      "what rounding left of a mean is lost": ["(x - own.x) - own.y", "x - own.x"],
      "1/√ is WGSL's own, a digit short": [
        "return r * (1.5 - 0.5 * (v * r) * r);",
        "return r * (1.50001 - 0.5 * (v * r) * r);",
      ],
    },
  },
  {
    file: "shaders/norm_identity.wgsl",
    tests: ["norm"],
    faults: {
      "γ is missing": ["((g[start + i] * w[i] - mean) - rest) * rstd", "((g[start + i] - mean) - rest) * rstd"],
      "the mean is held constant": ["((g[start + i] * w[i] - mean) - rest) * rstd", "g[start + i] * w[i] * rstd"],
      "the deviation is left out": [
        "((g[start + i] * w[i] - mean) - rest) * rstd",
        "((g[start + i] * w[i] - mean) - rest)",
      ],
      "targets read moments of the first row": ["moments[at.row % args.forward].z", "moments[0].z"],
    },
  },
  {
    file: "shaders/plain_weights.wgsl",
    tests: ["blocks: number of keys"],
    faults: {
      "a row sees one key more": ["own + args.after + 1u", "own + args.after + 2u"],
      "the number of keys is the text's": ["f32(n - start)", "f32(n)"],
    },
  },
  {
    file: "shaders/reduce.wgsl",
    tests: ["ops", "norm"],
    faults: {
      "every row of b is the first": ["(at.row % args.b_rows) * args.cols", "0u"],
      "a row of zeros has a direction": ["inverseSqrt(max(total, 1e-24))", "inverseSqrt(max(total, 1e-37))"],
    },
  },
  {
    file: "shaders/rotary.wgsl",
    tests: ["positions: rotary"],
    faults: {
      "positions go on from text to text": [
        "e / args.width % args.rows * args.turned",
        "min(e / args.width, args.rows - 1u) * args.turned",
      ],
      "the other half has the other sign": [
        "x[e - min(e, apart)], -x[min(e + apart, args.n - 1u)]",
        "-x[e - min(e, apart)], x[min(e + apart, args.n - 1u)]",
      ],
    },
  },
  {
    file: "shaders/seed.wgsl",
    tests: ["ops"],
    faults: {
      "the last of equals is the top class": [
        "logits[row + c] > logits[row + top]",
        "logits[row + c] >= logits[row + top]",
      ],
      "classes with a weight may be the top one": ["if (weight == 0.0) {", "if (true) {"],
    },
  },
  {
    file: "shaders/select.wgsl",
    tests: ["ops"],
    faults: {
      "the row after is picked": [
        "* args.t + args.index) * args.cols",
        "* args.t + (args.index + 1u) % args.t) * args.cols",
      ],
      "all rows get the gradient": ["select(0.0, x[source], row % args.t == args.index)", "x[source]"],
    },
  },
  {
    file: "shaders/signs.wgsl",
    tests: ["linear"],
    faults: {
      "the negative part is the positive one": [
        "select(min(x[i], 0.0), max(x[i], 0.0), args.sign > 0.0)",
        "max(x[i], 0.0)",
      ],
      "shares where nothing has the sign": [
        "select(0.0, args.more * g[i] * part / whole, there)",
        "args.more * g[i] * part / whole",
      ],
      "a and b are swapped": ["select(b[i], a[i], x[i % args.m] > 0.0)", "select(a[i], b[i], x[i % args.m] > 0.0)"],
    },
  },
  {
    file: "shaders/relative_shift.wgsl",
    tests: ["positions: scores by distance"],
    faults: {
      "distances are one off": ["i + t - 1u - j]", "i + t - j]"],
      "keys' distances are queries' in the transpose": [
        "select(own + t - 1u - c, own + c - (t - 1u), args.keys > 0u)",
        "own + t - 1u - c",
      ],
    },
  },
  {
    file: "shaders/softmax.wgsl",
    tests: ["softmax"],
    faults: {
      "the mask is off by one": [
        "lengths[min(at.row, args.rows - 1u) / args.per]), at.cols)",
        "lengths[min(at.row, args.rows - 1u) / args.per]) + 1u, at.cols)",
      ],
      "the peak is not subtracted": [
        "out[start + i] = exponential(x[start + i] - peak) / total;",
        "out[start + i] = exponential(x[start + i]) / total;",
      ],
      "what is masked keeps what was there": [
        "for (var i = n + at.lane; i < at.cols; i += LANES) { out[start + i] = 0.0; }",
        "",
      ],
    },
  },
  {
    file: "shaders/softmax_grad.wgsl",
    tests: ["softmax"],
    faults: {
      "Σ p g is left out": ["p[forward + i] * ((g[start + i] - mean) - rest)", "p[forward + i] * g[start + i]"],
      "what rounding left of the mean is lost": ["((g[start + i] - mean) - rest)", "(g[start + i] - mean)"],
      "p is left out": ["p[forward + i] * ((g[start + i] - mean) - rest)", "((g[start + i] - mean) - rest)"],
      "the Taylor bias has no entropy": ["plain * (1.0 - entropy) - curved", "plain - curved"],
      "the Taylor bias has the logarithm added": [
        "plain * (1.0 - entropy) - curved",
        "plain * (1.0 - entropy) + curved",
      ],
      "ln's exponent is left out": ["return n * 0.693359375 + (r", "return 0.0 * n + (r"],
    },
  },
  {
    file: "shaders/softmax_span.wgsl",
    tests: ["grouped-attention"],
    faults: {
      "a text's rows are not shifted": ["args.shifted * u32(offsets[text])", "0u * u32(offsets[text])"],
      "a causal row sees the next token": ["own + args.after + 1u", "own + args.after + 2u"],
      "the span begins one late": ["own - min(own, args.before)", "own - min(own, max(args.before, 1u) - 1u)"],
      "all rows have the first text's length": ["u32(lengths[text])", "u32(lengths[0])"],
    },
  },
  {
    file: "shaders/stabilize.wgsl",
    tests: ["ops", "linear"],
    faults: {
      "ε has no sign": ["select(args.eps, -args.eps, v < 0.0)", "args.eps"],
      "the sign of 0 is −": ["v < 0.0)", "v <= 0.0)"],
      "y is not multiplied by": ["g[i] * v / (v", "g[i] / (v"],
    },
  },
  {
    file: "shaders/lib/narrow.wgsl",
    tests: ["half-precision: in groups of"],
    faults: {
      "float16 has no sign": ["bitcast<f32>(sign | ((rest", "bitcast<f32>(((rest"],
      "subnormal float16 are half": ["0x1p-24f", "0x1p-25f"],
      "bfloat16 is float16": ["args.kind == BF16", "false"],
      "offsets are left out": ["v += f32_at(args.offsets + k);", ""],
      "a part that is not asked for is kept": ["args.keep * v + ", "v + "],
      "all groups have a row's first scale": [
        "let k = i / args.width * args.groups + i % args.width / args.group;\n  let wide = args.kind == INT8 || args.kind == TABLE8;\n  let code",
        "let k = i / args.width * args.groups;\n  let wide = args.kind == INT8 || args.kind == TABLE8;\n  let code",
      ],
    },
  },
  {
    file: "shaders/lib/exp.wgsl",
    tests: ["activation: gelu", "softmax"],
    faults: {
      "eˣ ends early": ["0.0, x < -87.3)", "0.0, x < -17.3)"],
      "a term of its polynomial is missing": ["p = p * r + 5.0000001201e-1;", "p = p * r;"],
    },
  },
  {
    file: "shaders/lib/rows.wgsl",
    tests: ["ops: dot|softmax", "softmax", "norm"],
    faults: {
      "a row's last lanes are not added": ["i < first + LANES; i += 4u", "i < first + LANES - 4u; i += 4u"],
      "a sum is read before all lanes have written": [
        "lanes[thread] = value;\n  workgroupBarrier();\n  let first",
        "lanes[thread] = value;\n  let first",
      ],
      "the peak is of the other row's lanes": [
        "var i = thread / LANES * LANES; i < (thread / LANES + 1u) * LANES",
        "var i = (1u - thread / LANES) * LANES; i < (2u - thread / LANES) * LANES",
      ],
    },
  },
  {
    file: "shaders/lib/math.wgsl",
    tests: ["activation"],
    faults: {
      "σ(x) is σ(−x)": ["select(1.0, e, x < 0.0) / (1.0 + e)", "select(e, 1.0, x < 0.0) / (1.0 + e)"],
      "softplus without its largest term": ["return max(x, 0.0) + p * s;", "return p * s;"],
      "Φ's tails are swapped": ["select(1.0 - tail, tail, x < 0.0)", "select(tail, 1.0 - tail, x < 0.0)"],
      "the normal density is not normalised": ["0.39894228 *", "0.4 *"],
      "tanh's series goes on": ["a < 0.625", "a < 0.925"],
    },
  },
  {
    file: "shaders/lib/activation.wgsl",
    tests: ["activation: gelu"],
    faults: {
      "the identity rule is the derivative": ["gate(x[i % args.m])", "slope(x[i % args.m])"],
      "a shorter x is not read again": ["g[i] * slope(x[i % args.m])", "g[i] * slope(x[min(i, args.m - 1u)])"],
      "what is kept is f(x)": ["out[i] = lost(x[i % args.m])", "out[i] = f(x[i % args.m])"],
    },
  },
  {
    file: "shaders/lib/experts.wgsl",
    tests: ["experts"],
    faults: {
      "matrices of whole stacks": ["expert * args.stack + args.begin", "expert * args.stack"],
      "rows of a token are its choices'": ["tile.rows / args.each * args.depth", "tile.rows * args.depth"],
    },
  },
  {
    file: "shaders/group_rows.wgsl",
    tests: ["experts"],
    faults: { "tiles are of half the rows": ["const TILE = 32u;", "const TILE = 16u;"] },
  },
  {
    file: "shaders/top_k.wgsl",
    tests: ["experts"],
    faults: { "equal ones are chosen again": ["(v == before && c > last)", "v == before"] },
  },
  {
    file: "shaders/soft_cap.wgsl",
    tests: ["activation: soft cap"],
    faults: { "what is kept is not scaled": ["args.cap * tanh_lost", "tanh_lost"] },
  },
  {
    file: "shaders/activations/gelu.wgsl",
    tests: ["activation: gelu"],
    faults: {
      "the derivative has no second term": ["gate(x) + x * normal_density(x)", "gate(x)"],
    },
  },
  {
    file: "shaders/activations/gelu_10.wgsl",
    tests: ["activation: gelu_10"],
    faults: {
      "the slope goes on beyond 10": [
        "x * normal_density(x), 0.0, x > 10.0)",
        "x * normal_density(x), 0.0, x > 1000.0)",
      ],
    },
  },
  {
    file: "shaders/activations/gelu_tanh.wgsl",
    tests: ["activation: gelu_new"],
    faults: {
      "the cube's factor is a digit off": ["0.044715 * x", "0.044175 * x"],
    },
  },
  {
    file: "shaders/activations/hardswish.wgsl",
    tests: ["activation: hardswish"],
    faults: {
      "the gate has no upper end": ["0.0, 1.0);", "0.0, 2.0);"],
    },
  },
  {
    file: "shaders/activations/laplace.wgsl",
    tests: ["activation: laplace"],
    faults: {
      "the series' first term is a digit off": ["1.2533136", "1.2353136"],
    },
  },
  {
    file: "shaders/activations/leaky_relu.wgsl",
    tests: ["activation: leaky_relu"],
    faults: {
      "it leaks a tenth": ["select(0.01,", "select(0.1,"],
    },
  },
  {
    file: "shaders/activations/mish.wgsl",
    tests: ["activation: mish"],
    faults: {
      "tanh′ is 1 − tanh": ["(1.0 + gate(x))", "1.0"],
    },
  },
  {
    file: "shaders/activations/quick_gelu.wgsl",
    tests: ["activation: quick_gelu"],
    faults: {
      "it is SiLU": ["return sigmoid(1.702 * x)", "return sigmoid(x)"],
    },
  },
  {
    file: "shaders/activations/relu.wgsl",
    tests: ["activation: relu"],
    faults: {
      "negative numbers have a gate": ["select(0.0, 1.0, x > 0.0)", "select(1.0, 1.0, x > 0.0)"],
    },
  },
  {
    file: "shaders/activations/relu2.wgsl",
    tests: ["activation: relu2"],
    faults: {
      "the derivative of a square is x": ["2.0 * gate(x)", "gate(x)"],
    },
  },
  {
    file: "shaders/activations/relu6.wgsl",
    tests: ["activation: relu6"],
    faults: {
      "the gate beyond 6 is 1": ["6.0 / x", "1.0"],
    },
  },
  {
    file: "shaders/activations/sigmoid.wgsl",
    tests: ["activation: sigmoid"],
    faults: {
      "the gate does not halve x": ["tanh_ratio(0.5 * x)", "tanh_ratio(x)"],
    },
  },
  {
    file: "shaders/activations/silu.wgsl",
    tests: ["activation: silu"],
    faults: {
      "the derivative is the gate": ["gate(x) * (1.0 + x * sigmoid(-x))", "gate(x)"],
    },
  },
  {
    file: "shaders/activations/sqrtsoftplus.wgsl",
    tests: ["activation: sqrtsoftplus"],
    faults: {
      "far down it is eˣ": ["exponential(0.5 * x)", "exponential(x)"],
    },
  },
  {
    file: "shaders/activations/tanh.wgsl",
    tests: ["activation: tanh"],
    faults: {
      "f(x)/x is the derivative": ["{ return tanh_ratio(x); }", "{ return slope(x); }"],
    },
  },
];
