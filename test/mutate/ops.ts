// Faults in ops, their rules, and the walk.

import type { Planted } from "./fault.ts";

export const ops: readonly Planted[] = [
  {
    file: "src/ops/activation.ts",
    tests: ["activation", "act2fn", "gradient", "propagate"],
    faults: {
      "f(0) is not kept": ["kept: atZero ?", "kept: atZero < 0 ?"],
      "f(0) is kept with the other sign": ["times: atZero }", "times: -atZero }"],
      "the gradient keeps nothing": ['kept: [{ entry: "activations", rows: dot(g, apply(Lost, [x])) }]', "kept: []"],
      "the identity rule is the derivative": [
        "gradients: [apply(Identity, [x, g])]",
        "gradients: [apply(Grad, [x, g])]",
      ],
      "the derivative is f(x)/x": ["gradients: [apply(Grad, [x, g])]", "gradients: [apply(Identity, [x, g])]"],
      "gelu_new is GELU by erf": ['["gelu_new", geluTanh]', '["gelu_new", gelu]'],
      "GELU is that by tanh": ['["gelu", gelu]', '["gelu", geluTanh]'],
      "the sigmoid is 0 at 0": ['activation("sigmoid", 1 / 2)', 'activation("sigmoid")'],
      "√softplus at 0 without its root": ["Math.sqrt(Math.LN2)", "Math.LN2"],
    },
  },
  {
    file: "src/ops/attend.ts",
    tests: ["grouped-attention", "attend"],
    faults: {
      "values: nothing is kept where values carry none": [
        ': { gradients: [], kept: [{ entry: "products", rows: dot(g, y) }] }',
        ": { gradients: [], kept: [] }",
      ],
      "values follow the uniform rule": ['context === "values" ? values :', 'context === "none" ? values :'],
      "a lone factor of context gets a share": ["onV ? context : 1", "context"],
      "a lone factor of scores gets a share": ["onQ && onK ? scores : 1", "scores"],
      "softmax keeps nothing": ['[{ entry: "softmax", rows: taylor }]', "[]"],
      "what the context keeps has the other sign": ["times: 1 - 2 * context", "times: 2 * context - 1"],
      "what the scores keep has the Taylor bias added": ["times: -times", "times"],
      "queries and keys swap gradients": [
        "gradients: [toQ, toK, toK.auxiliary![0]]",
        "gradients: [toK, toQ, toK.auxiliary![0]]",
      ],
      "the context follows the scores' rule": ["products(shares[context as Share]", "products(shares[scores as Share]"],
      "the scores follow the context's rule": [", shares[scores as Share])", ", shares[context as Share])"],
      "queries and keys swap their numbers": ["q.shape[1], k.shape[1], d", "k.shape[1], q.shape[1], d"],
      "of a gradient's texts only the first are of the forward pass": [
        "d, q.shape[0], ...more",
        "d, y.shape[0], ...more",
      ],
      "heads that share keys are as many as heads": [
        "args: [y.shape[0], heads, kv, q",
        "args: [y.shape[0], heads, heads, q",
      ],
      "a span is the reverse": ["[shifted, before, after, scale]", "[shifted, after, before, scale]"],
      "heads are one too narrow": ["const d = cols(q) / heads;", "const d = cols(q) / heads - 1;"],
    },
  },
  {
    file: "src/ops/attend.ts",
    on: "webgpu",
    tests: ["grouped-attention"],
    faults: {
      "the last tile of rows is dropped": ["Math.ceil(y.shape[1] / ROWS)", "Math.floor(y.shape[1] / ROWS)"],
      "columns beyond the first tile are dropped": ["Math.ceil(d / COLS)", "1"],
    },
  },
  {
    file: "src/ops/attention.ts",
    tests: ["attention", "grouped-attention", "attn-lrp"],
    faults: {
      "a lone factor gets a share": ["both ? share : 1)", "share)"],
      "what a product keeps has the other sign": ["times: 1 - 2 * share", "times: 2 * share - 1"],
      "√d is missing from the keys' gradient": ["contextT(g, a, by)]", "contextT(g, a, { ...by, scale: s })]"],
      "queries get their own as a factor": ["[context(g, b, by)", "[context(g, a, by)"],
      "the weights' half is missing": ["scores(g, x, p.shape[1], s * scale)", "scores(g, x, p.shape[1], scale)"],
      "the values' half is missing": ["contextT(p, g, { kv, scale: s * scale })", "contextT(p, g, { kv, scale })"],
      "half is missing in q · kᵀ": ["uniform: scoresRule(shares.uniform)", "uniform: scoresRule(shares.gradient)"],
      "the derivative of q · kᵀ is halved": [
        "gradient: scoresRule(shares.gradient)",
        "gradient: scoresRule(shares.uniform)",
      ],
      "half is missing in p · v": ["uniform: contextRule(shares.uniform)", "uniform: contextRule(shares.gradient)"],
      "the derivative of p · v is halved": [
        "gradient: contextRule(shares.gradient)",
        "gradient: contextRule(shares.uniform)",
      ],
      "values get half where weights are constant": [
        "gradients: [undefined, contextT(p, g, { kv, scale })]",
        "gradients: [undefined, contextT(p, g, { kv, scale: scale / 2 })]",
      ],
      "values: nothing is kept where values carry none": [
        'return { gradients: [], kept: [{ entry: "products", rows: dot(g, y) }] }',
        "return { gradients: [], kept: [] }",
      ],
      "operands swap their batches": ["left, right, y.attrs.scale", "right, left, y.attrs.scale"],
      "each head has keys of its own": ["args: [y.shape[0], heads, kv, t", "args: [y.shape[0], heads, heads, t"],
      "the shared keys' gradient is of one head": [
        "const by = { kv: headsOf(b, a, heads), scale: s * scale };",
        "const by = { kv: heads, scale: s * scale };",
      ],
      "tokens and keys swap their numbers": ["heads, kv, t, s, d, left", "heads, kv, s, t, d, left"],
    },
  },
  {
    file: "src/ops/attention.ts",
    on: "webgpu",
    tests: ["attention", "matmul"],
    faults: { "the last tile of columns is dropped": ["Math.ceil(cols / BLOCK)", "Math.floor(cols / BLOCK)"] },
  },
  {
    file: "src/ops/dot.ts",
    tests: ["ops", "activation"],
    faults: {
      "b is not read again from its start": ["args: [size(y), cols(b), rows(b)]", "args: [size(y), cols(b), size(y)]"],
      "every sum is the first row's": ["args: [rows(a), cols(a), 1, rows(a)]", "args: [rows(a), cols(a), 1, 1]"],
    },
  },
  {
    file: "src/ops/elementwise.ts",
    tests: ["ops", "propagate", "gradient"],
    faults: {
      "a residual is not passed on": ["gradients: [g, g]", "gradients: [undefined, g]"],
      "the branch beside a residual gets nothing": ["gradients: [g, g]", "gradients: [g, undefined]"],
      "constants are kept as biases": ['entry: "constants"', 'entry: "biases"'],
      "what carries relevance is kept too": ["filter((_, i) => !carries[i])", "filter((_, i) => carries[i])"],
      "a shorter operand is not read again": ["args: [size(y), size(a)]", "args: [size(y), size(y)]"],
    },
  },
  {
    file: "src/ops/gate.ts",
    tests: ["positions", "gradient", "ops"],
    faults: {
      "each factor gets its own as a factor": [
        "gradients: [times(g, b, own), times(g, a, own)]",
        "gradients: [times(g, a, own), times(g, b, own)]",
      ],
      "a lone factor gets half": ["left && right ? share : 1", "share"],
      "what a gate keeps has the other sign": ["times: 1 - 2 * own", "times: 2 * own - 1"],
      "the uniform rule's half is missing": ["uniform: product(1 / 2)", "uniform: product(1)"],
      "the derivative is halved": ["gradient: product(1)", "gradient: product(1 / 2)"],
    },
  },
  {
    file: "src/ops/segments.ts",
    tests: ["gradient", "point-mae", "kernels"],
    faults: {
      "all members win": ["gradients: [apply(MaxScatter, [x, g], attrs)]", "gradients: [apply(Repeat, [g], attrs)]"],
      "the winner's gradient goes to the mean's members": [
        "gradients: [segmentSum(g, of)]",
        "gradients: [segmentMax(g, of)]",
      ],
    },
  },
  {
    file: "src/ops/dense_rules.ts",
    tests: ["linear", "propagate", "twin", "experts"],
    faults: {
      "the gradient rule keeps no bias": ["kind.back(y, g, w)], biases(g, b));", "kind.back(y, g, w)], []);"],
      "biases are kept as norms": ['entry: "biases"', 'entry: "norms"'],
      "z has no bias": ["r ? again(y, x, w, b) : y", "again(y, x, w)"],
      "z has the residual too": ["r ? again(y, x, w, b) : y", "y"],
      "ε is ten times as large": ["stabilize(z, g, eps)", "stabilize(z, g, 10 * eps)"],
      "ε by default is 1e-5": ["eps = 1e-6", "eps = 1e-5"],
      "ε keeps the bias of the plain gradient": ["[...biases(stable, b), absorbed]", "[...biases(g, b), absorbed]"],
      "ε absorbs nothing": ["[...biases(stable, b), absorbed]", "[...biases(stable, b)]"],
      "γ by default is ½": ["gamma = 0.25", "gamma = 0.5"],
      "γ leans the same way for inputs of either sign": [
        "unlike: scaledClamp(w, 1, gamma, -sign)",
        "unlike: scaledClamp(w, 1, gamma, sign)",
      ],
      "γ: the bias does not lean": ["bias: b && scaledClamp(b, 1, gamma, sign)", "bias: b"],
      "β is α": ["halves(kind, y, alpha, beta)", "halves(kind, y, alpha, alpha)"],
      "β's half is added": ["[alpha, -beta].flatMap", "[alpha, beta].flatMap"],
      "z⁺ is α = 2": ["halves(kind, y, 1, 0)", "halves(kind, y, 2, 1)"],
      "z⁺: the whole bias": ["bias: b && signedPart(b, sign)", "bias: b"],
      "negative inputs take positive weights": ["unlike: signedPart(w, -sign)", "unlike: signedPart(w, sign)"],
      "by sign: z has no bias": [
        "add(kind.again(y, below, unlike), kind.again(y, above, like, bias))",
        "add(kind.again(y, below, unlike), kind.again(y, above, like))",
      ],
      "by sign: what is shared is absorbed too": ["rows: dot(t, den), times: -1", "rows: dot(t, den), times: 1"],
      "by sign: weights for the other sign": [
        'wherePositive(x, to("like"), to("unlike"))',
        'wherePositive(x, to("unlike"), to("like"))',
      ],
      "a residual gets nothing": [
        "gradients: [...to, undefined, undefined, g]",
        "gradients: [...to, undefined, undefined]",
      ],
      "a constant residual is not kept": ["!carries[i ? 0 : 3]", "!carries[i ? 3 : 0]"],
      "a constant branch's biases are kept": ["[...(carries[0] ? kept : []), ...constants]", "[...kept, ...constants]"],
    },
  },
  {
    file: "src/ops/linear.ts",
    tests: ["linear", "propagate"],
    faults: {
      "a gradient is not added to another": ["apply(LinearGrad, [...inputs, sum])", "apply(LinearGrad, [...inputs])"],
    },
  },
  {
    file: "src/ops/expert_linear.ts",
    tests: ["experts", "gradient"],
    faults: {
      "targets are of the first text alone": ["targets === 1 ? order : grouped(choice, w, targets)", "order"],
      "a tile too few": ["Math.min(experts, n))", "Math.min(experts, n) - 1)"],
      "rows from the first on": ["y.attrs.begin, stack", "0, stack"],
    },
  },
  {
    file: "src/ops/routing.ts",
    tests: ["experts", "gradient"],
    faults: {
      "the router's share is whole": ["scaledClamp(along, share, 0, 1)", "along"],
      "the experts' share is whole": ["weights, cols(g), share)", "weights, cols(g))"],
      "the router gets relevance though its weights are constants": [
        "onX ? { gradients: [toExperts(g, y, 1)] }",
        "onX ? { gradients: [toExperts(g, y, 1), toWeights(g, y, 1)] }",
      ],
      "products are not kept": ["times: 1 - 2 * own }],", "times: 0 }],"],
    },
  },
  {
    file: "src/ops/soft_cap.ts",
    tests: ["activation: soft cap"],
    faults: {
      "the identity rule is the derivative": ["apply(Identity, [x, g], attrs)", "apply(Grad, [x, g], attrs)"],
      "nothing is kept": ["dot(g, apply(Lost, [x], attrs))", "dot(g, apply(Lost, [x], { cap: 1e9 }))"],
    },
  },
  {
    file: "src/ops/linear.ts",
    on: "webgpu",
    tests: ["linear", "matmul", "tiles"],
    faults: {
      "the last tile of rows is dropped": ["Math.ceil(n / side)", "Math.max(1, Math.floor(n / side))"],
      "rows of two elements count as aligned": ["depth % 4 === 0", "depth % 2 === 0"],
      "columns that are not aligned count as such": ["&& cols(w) % 4 === 0", ""],
    },
  },
  {
    file: "src/ops/norm.ts",
    tests: ["norm", "twin", "propagate"],
    faults: {
      "β is kept as a bias": ['entry: "norms", rows: dot(g, b)', 'entry: "biases", rows: dot(g, b)'],
      "the gradient keeps β alone": [
        'kept: [...biases(g, y), { entry: "norms", rows: apply(NormKept, needed, attrs) }]',
        "kept: biases(g, y)",
      ],
      "the gradient does not keep β": ["kept: [...biases(g, y), {", "kept: [{"],
      "the identity rule keeps nothing": ["kept: biases(g, y),", "kept: [],"],
      "RMSNorm keeps its weight as a bias": ["centred ? [{ entry", "true ? [{ entry"],
      "the deviation is not held constant": [
        "gradients: [apply(NormIdentity, [y.auxiliary![0], y.inputs[1], g], y.attrs)]",
        "gradients: [apply(NormGrad, [y.auxiliary![0], y.inputs[0], y.inputs[1], g], y.attrs)]",
      ],
      "the deviation is constant under the gradient": [
        "gradients: [apply(NormGrad, needed, attrs)]",
        "gradients: [apply(NormIdentity, [auxiliary![0], inputs[1], g], attrs)]",
      ],
      "ε is ten times as large": ["{ eps, centred: 1 }", "{ eps: 10 * eps, centred: 1 }"],
      "RMSNorm has a mean": ["centred: 0 }", "centred: 1 }"],
      "targets read moments of rows of their own": ["cols(w), forward, eps, centred", "cols(w), n, eps, centred"],
    },
  },
  {
    file: "src/ops/normalize.ts",
    tests: ["norm", "gradient", "similarity"],
    faults: {
      "the radial part is added": ["s, cols(y), -1)", "s, cols(y), 1)"],
      "nothing is kept": ['kept: [{ entry: "norms", rows: along }]', "kept: []"],
      "the length is not divided by": [
        "identity: (g, { inputs: [, s] }) => ({ gradients: [scaleRows(g, s)] })",
        "identity: (g) => ({ gradients: [g] })",
      ],
    },
  },
  {
    file: "src/ops/plain_weights.ts",
    tests: ["blocks", "gradient"],
    faults: {
      "the gradient sees later keys": [
        "apply(PlainWeights, [g, ...more], attrs)",
        "apply(PlainWeights, [g, ...more], { ...attrs, after: 2 ** 30 })",
      ],
      "targets of a text are texts": ["rows(x) / x.shape[0]", "rows(x) / size(lengths)"],
    },
  },
  {
    file: "src/ops/reshape.ts",
    tests: ["blocks", "gradient"],
    faults: { "positive numbers count twice": ["size(y), 1, 0, 1]", "size(y), 1, 1, 1]"] },
  },
  {
    file: "src/ops/rotary.ts",
    tests: ["positions", "gradient"],
    faults: { "gradients are turned forward": ["sign: -attrs.sign", "sign: attrs.sign"] },
  },
  {
    file: "src/ops/rotary.ts",
    tests: ["positional"],
    faults: {
      "positions also have half of what is not turned": ["share: 1 / 2, rest: 0", "share: 1 / 2, rest: 1 / 2"],
      "positions and what is turned count twice": ["back(g, y, 1 / 2)", "back(g, y)"],
    },
  },
  {
    file: "src/ops/scale_rows.ts",
    tests: ["blocks", "gradient"],
    faults: { "the gradient is not scaled": ["scaleRows(g, s, width, scale)", "scaleRows(g, s, width)"] },
  },
  {
    file: "src/ops/seed.ts",
    tests: ["ops"],
    faults: {
      "targets read logits of rows of their own": ["cols(request) - 1, shape[0]", "cols(request) - 1, rows(request)"],
    },
  },
  {
    file: "src/ops/select.ts",
    tests: ["ops", "gradient"],
    faults: { "gradients go to the first row": ["{ index, t: x.shape[1] }", "{ index: 0, t: x.shape[1] }"] },
  },
  {
    file: "src/ops/signs.ts",
    tests: ["linear", "kernels"],
    faults: {
      "the negative half is the positive one": ["scaledClamp(x, 0, 1, sign)", "scaledClamp(x, 0, 1, 1)"],
      "shares are not multiplied": ["keep: 0, more: times, sign", "keep: 0, more: 1, sign"],
      "a shorter operand is not read again": ["size(y.inputs[0]), keep", "size(y), keep"],
    },
  },
  {
    file: "src/ops/relative_shift.ts",
    tests: ["positions", "gradient", "families"],
    faults: {
      "keys' distances are queries'": ["keys: Number(keys)", "keys: Number(!keys)"],
      "the gradient takes queries' distances for keys'": [
        "apply(RelativeUnshift, [g], attrs)",
        "apply(RelativeUnshift, [g], { keys: 0 })",
      ],
    },
  },
  {
    file: "src/ops/softmax.ts",
    tests: ["softmax", "attn-lrp", "gradient", "propagate"],
    faults: {
      "rows are as many as columns and the reverse": ["[rows(x), cols(x), ", "[cols(x), rows(x), "],
      "softmax is treated as the identity": ["gradients: [apply(SoftmaxGrad, [p, g])]", "gradients: [g]"],
      "nothing is kept": ['kept: [{ entry: "softmax", rows: apply(SoftmaxKept, [p, g]) }]', "kept: []"],
      "what softmax keeps is products'": ['entry: "softmax"', 'entry: "products"'],
      "all texts have the first one's length": ["rows(x) / size(lengths)]", "rows(x)]"],
      "the span is turned round": ["before, after], grid", "after, before], grid"],
    },
  },
  {
    file: "src/ops/squares.ts",
    tests: ["blocks", "gradient"],
    faults: {
      "a square's derivative is x": ["size(y), 2 * share", "size(y), share"],
      "what a square keeps has the other sign": ["times: 1 - 2 * share", "times: 2 * share - 1"],
      "the uniform rule's half is missing": ["uniform: product(1 / 2)", "uniform: product(1)"],
    },
  },
  {
    file: "src/ops/stabilize.ts",
    tests: ["ops", "linear"],
    faults: { "ε is subtracted": ["apply(Stabilize, [y, g], { eps })", "apply(Stabilize, [y, g], { eps: -eps })"] },
  },
  {
    file: "src/graph/layout.ts",
    tests: ["half-precision", "kernels"],
    faults: {
      "offsets are scales": ["offsets: offsets ? scales + all : 0", "offsets: offsets ? scales : 0"],
      "a row's last group is left out": ["Math.ceil(width / group)", "Math.floor(width / group)"],
    },
  },
  {
    file: "src/propagation/propagate.ts",
    tests: ["propagate", "linear", "twin"],
    faults: {
      "of two paths one counts": ["sum ? add(sum, gx) : gx", "gx"],
      "a second path counts twice": ["add(sum, gx)", "add(add(sum, gx), gx)"],
      "a source's own op is above it": ["above.has(by) && !siblings.includes(by)", "above.has(by)"],
      "what is kept beside a source is above it": ["above.has(by) && !siblings.includes(by)", "!siblings.includes(by)"],
      "siblings may depend on one another": ["if (siblings.some((", "if (siblings.every(("],
      "a rule's options are ignored": ["Object.assign({}, ...choices.map(([, options]) => options))", "{}"],
      "rules of parts are the first one's": [
        "const names = choices.map(([name]) => name);",
        "const names = choices.map(() => choices[0][0]);",
      ],
      "relevance ends at the first source": ["dependents(made, sources.flat())", "dependents(made, sources[0])"],
      "siblings but the first are constant": [
        "dependents(made, sources.flat())",
        "dependents(made, sources.map(([x]) => x))",
      ],
    },
  },
  {
    file: "src/propagation/composites.ts",
    tests: ["propagate", "twin", "attn-lrp", "golden"],
    faults: {
      "AttnLRP without its half of p · v": [
        'scores: "uniform",\n  context: "uniform"',
        'scores: "uniform",\n  context: "gradient"',
      ],
      "AttnLRP without its half of q · kᵀ": [
        'scores: "uniform",\n  context: "uniform"',
        'scores: "gradient",\n  context: "uniform"',
      ],
      "CP-LRP without the norms' rule": ["{ ...lrpAH, ...lrpLN, activation", "{ ...lrpAH, activation"],
      "AH + LN without AH": ['"lrp-ah-ln": { ...lrpAH, ...lrpLN }', '"lrp-ah-ln": lrpLN'],
    },
  },
];
