// Faults in how models, their inputs and their results are put together: the wrong row, class, entry or buffer.

import type { Planted } from "./fault.ts";

export const models: readonly Planted[] = [
  {
    file: "src/models/layers.ts",
    tests: ["model-twin", "families: gpt2|mpnet-sequence|modernbert-sequence"],
    faults: {
      "queries and keys are swapped": [
        "[project.q(x), project.k(to), project.v(to)]",
        "[project.k(x), project.q(to), project.v(to)]",
      ],
      "scores are not divided by √d": ["scale ?? 1 / Math.sqrt(cols(q) / heads)", "scale ?? 1"],
      "√d is of the model's width": ["Math.sqrt(cols(q) / heads)", "Math.sqrt(cols(q))"],
      "a causal mask is transposed": ["{ before: 2 ** 30, after: 0 }", "{ before: 0, after: 2 ** 30 }"],
      "there is no mask": ["weigh(s, lengths, span)", "weigh(s, lengths)"],
      "a bias of the scores is left out": ["bias ? add(capped, bias(q, k)) : capped", "capped"],
      "what is handed on is the values": [
        'const attentionOutput = project.o(mask?.("heads", y) ?? y);',
        'const attentionOutput = project.o(mask?.("heads", y) ?? values);',
      ],
      "the residual of attention is left out": [
        "const sum = add(read, attention(from, to, embedded, how));",
        "const sum = attention(from, to, embedded, how);",
      ],
      "the residual is the stream before attention": [
        "feedForwardSublayer(preMlpStream, preMlpStream, embedded, up, to(names.down, d))",
        "feedForwardSublayer(read, preMlpStream, embedded, up, to(names.down, d))",
      ],
      "the activation is left out": ["act(to(names.up, inner)(x))", "to(names.up, inner)(x)"],
      "a slice of a dense layer is one row off": [
        'w.part("weight", [all, cols(x)], first, out, transposed)',
        'w.part("weight", [all, cols(x)], first && first - 1, out, transposed)',
      ],
      "a slice's bias is the first one's": ['w.part("bias", [all], first, out)', 'w.part("bias", [all], 0, out)'],
    },
  },
  {
    file: "src/models/encoder.ts",
    tests: ["model-twin", "families: bert-sequence|gpt2|modernbert-sequence"],
    faults: {
      "positions are left out": [
        "positionEmbeddings ? add(tokenEmbeddings, positionEmbeddings) : tokenEmbeddings",
        "tokenEmbeddings",
      ],
      "the embeddings' norm is skipped": ["it.norm ? norm(x, it.norm, eps, it.bare) : x", "x"],
      "the second token is read": [": selectRow(x, 0)),", ": selectRow(x, 1)),"],
      "the last norm is skipped": ["const left = (x: Tensor) => leave?.(x) ?? x;", "const left = (x: Tensor) => x;"],
      "every block is the first": ["stream.push(block(i, rows", "stream.push(block(0, rows"],
    },
  },
  {
    file: "src/models/bert.ts",
    tests: ["families: bert-sequence|roberta-sequence"],
    faults: {
      "the pooler is skipped": [
        '{ ...pooler, out: "classifier" },\n      "token',
        '{ out: "classifier" },\n      "token',
      ],
      "the pooler has no tanh": ["act: tanh };", "act: (x: Tensor) => x };"],
      "positions start at padding's": ["first: uncounted + 1", "first: uncounted"],
    },
  },
  {
    file: "src/models/heads.ts",
    tests: ["families: bert-qa|bert-mlm|albert-mlm"],
    faults: {
      "a head's norm is skipped": ["scaled ? norm(h, w.at(scaled), eps, bare) : h", "h"],
      "logits have no bias": ["bias === undefined ? undefined : w.get(bias, [classes])", "undefined"],
    },
  },
  {
    file: "src/tasks/question_answering.ts",
    tests: ["families: bert-qa"],
    faults: {
      "start and end are swapped": ['labels: ["start", "end"]', 'labels: ["end", "start"]'],
    },
  },
  {
    file: "src/models/pre_norm.ts",
    tests: ["families: gpt2", "pre-norm"],
    faults: {
      "the residual is the normed stream": ["attentionSublayer(read, asking", "attentionSublayer(asking, asking"],
      "parallel halves run one after the other": ["after?.(read) ??", "after?.(attended) ??"],
      "around heads goes the stream alone": ["up, down, parallel);", "up, down);"],
    },
  },
  {
    file: "src/models/gpt2.ts",
    tests: ["families: gpt2"],
    faults: {
      "its weights are not transposed": ["all, transposed: true })", "all, transposed: false })"],
      "q, k and v lie in another order": ["const [q, k, v] = [0, 1, 2].map", "const [k, q, v] = [0, 1, 2].map"],
      "the first norm is the second": ['layer.at("ln_1")', 'layer.at("ln_2")'],
    },
  },
  {
    file: "src/models/modernbert.ts",
    tests: ["families: modernbert"],
    faults: {
      "the gate and what it is of are swapped": ["gate(act(up), gated)", "gate(act(gated), up)"],
      "keys are not turned": ["k: turned(k)", "k"],
      "values are turned": ["k: turned(k), v,", "k: turned(k), v: turned(v),"],
      "near is twice as far": [
        'integer(config, "local_attention", 2 ** 30) >> 1',
        'integer(config, "local_attention", 2 ** 30)',
      ],
      "all blocks attend to all tokens": ['kind === "sliding_attention" ? { before', "kind === undefined ? { before"],
    },
  },
  {
    file: "src/models/rotations.ts",
    tests: ["families: modernbert"],
    faults: {
      "positions count from 1": [
        "const angle = f((from + i) * by[k]);",
        "const angle = f((from + i + 1) * 2 * by[k]);",
      ],
    },
  },
  {
    file: "src/models/rope.ts",
    tests: ["families: modernbert"],
    faults: {
      "pairs share a frequency": ["base ** f((2 * k) / d)", "base ** f(k / d)"],
    },
  },
  {
    file: "src/models/relative_keys.ts",
    tests: ["variants: relative"],
    faults: {
      "distances are one off": ["(c + most - t, rows", "(Math.min(c + most - t + 1, 2 * most - 2), rows"],
      "keys' distances are queries'": ["by(k, true)", "by(k, false)"],
    },
  },
  {
    file: "src/models/mpnet.ts",
    tests: ["families: mpnet"],
    faults: {
      "distances have the other sign": ["bucket(j - i)", "bucket(i - j)"],
      "heads share the first one's bias": ["= row[h];", "= row[0];"],
    },
  },
  {
    file: "src/inputs/inputs.ts",
    tests: ["places", "families: bert-sequence", "pairs"],
    faults: {
      "token types are ignored": ["(pairs && one.tokens[j]?.typeId) || 0", "0"],
      "padding is counted": ["follows + tokens.length)", "follows + tokens.length * 0 + t)"],
      "padding has positions of its own": [
        "uncounted !== undefined && tokens[j]?.id === uncounted ? first - 1 : next++",
        "next++",
      ],
      "a text's words start where the first one's do": [
        "tables.words!(id, words, (i * t + j) * width)",
        "tables.words!(id, words, j * width)",
      ],
    },
  },
  {
    file: "src/tasks/target.ts",
    tests: ["families: bert-sequence", "targets"],
    faults: {
      "the class beside the one that is wanted": [
        "weights[to] = 1;",
        "weights[to === labels.length ? to : (to + 1) % labels.length] = 1;",
      ],
      "a contrast is added": ["weights[from] = -1;", "weights[from] = 1;"],
    },
  },
  {
    file: "src/engine/network.ts",
    tests: ["model-twin", "families: bert-sequence|gpt2", "model"],
    faults: {
      "a text gets its neighbour's numbers": [
        "values.subarray(index * size, (index + 1) * size)",
        "values.subarray(((index + 1) % count) * size, ((index + 1) % count + 1) * size)",
      ],
    },
  },
  {
    file: "src/explain/trace.ts",
    tests: ["model-twin", "families: bert-sequence|gpt2", "model"],
    faults: {
      "relevance is the gradient times itself": ["dot(g, x)", "dot(g, g)"],
      "an entry is kept once, whatever its factor": [
        "const amount = times * total(mine(rows));",
        "const amount = total(mine(rows));",
      ],
      "amounts above a reading are above all": ["keptAbove(names, logits, siblings)", "names"],
      "the residual has the other sign": ["residual: rest };\n}\n\n/** What", "residual: -rest };\n}\n\n/** What"],
      "relevance is added up as |R|": [
        "values.reduce((sum, v) => sum + v, 0)",
        "values.reduce((sum, v) => sum + Math.abs(v), 0)",
      ],
    },
  },
  {
    file: "src/explain/results.ts",
    tests: ["families: bert-sequence", "linear: ledgers", "targets"],
    faults: {
      "explanations are of the probability": [
        "weight ? sum + weight * logits[c] : sum",
        "weight ? sum + weight / (1 + Math.exp(-logits[c])) : sum",
      ],
      "targets and texts are swapped": [
        "target * texts + index, targets * texts",
        "index * targets + target, targets * texts",
      ],
    },
  },
  {
    file: "src/graph/plan.ts",
    tests: ["plan", "kernels"],
    faults: {
      "a buffer is free before its last reader has run": [
        "readers.set(i, (readers.get(i) ?? 0) + 1)",
        "readers.set(i, 1)",
      ],
      "outputs' buffers are used again": [
        "readers.set(t, Number.POSITIVE_INFINITY)",
        "readers.set(t, readers.get(t) ?? 1)",
      ],
      "a buffer too small is taken": ["size >= bytes && ", ""],
      "what is written beside is free while it is read": [
        "for (const one of written) if (!readers.has(one)) release(one);",
        "for (const one of written) if (readers.has(one)) release(one);",
      ],
    },
  },
  {
    file: "src/checkpoint/weights.ts",
    tests: ["families: gpt2|modernbert"],
    faults: {
      "parts all begin at the first row": [
        "this.parts.set(own, { of: full, first,",
        "this.parts.set(own, { of: full, first: 0,",
      ],
    },
  },
  {
    file: "src/checkpoint/derived.ts",
    tests: ["families: gpt2"],
    faults: {
      "a square weight is not transposed": [
        "const y = transposed ? transpose(",
        "const y = transposed && width !== x.length / width ? transpose(",
      ],
      "columns begin one late": ["x[c * all + first + r]", "x[c * all + first + ((r + 1) % rows)]"],
    },
  },
  {
    file: "src/explain/sublayers.ts",
    tests: ["breakdown", "methods"],
    faults: {
      "the least neurons come first": [
        "all.sort((a, b) => b.weight - a.weight)",
        "all.sort((a, b) => a.weight - b.weight)",
      ],
    },
  },
  {
    file: "src/models/experts.ts",
    tests: ["decoders: mixtral|qwen2_moe|olmoe", "mixtures"],
    faults: {
      "weights of the chosen ones do not add up to 1": ["it.renormalised\n", "!it.renormalised\n"],
      "gate and up are swapped": ['all("gate", "up")', 'all("up", "gate")'],
      "the shared expert has no weight of its own": ["mixture(down(up(x)), weight)", "down(up(x))"],
      "more are chosen": ["topK(logits, k)", "topK(logits, Math.min(n, k + 1))"],
    },
  },
  {
    file: "src/models/gemma.ts",
    tests: ["decoders: gemma"],
    faults: {
      "norms are by the stored weight": ["stored.map((v) => 1 + v)", "stored.map((v) => v)"],
      "embeddings are not scaled": ["Math.fround(Math.sqrt(width))", "1"],
      "no norm after attention": ['o: after(o, layer, "post_attention_layernorm")', "o"],
      "the first block sees all": [
        '(i % 2 ? "full_attention" : "sliding_attention")',
        '(i % 2 ? "sliding_attention" : "full_attention")',
      ],
      "scores are by the width of a head": ['positive(config, "query_pre_attn_scalar")', "6"],
      "windows have the angles of the whole": [
        'real(config, "rope_local_base_freq", 10000)',
        'real(config, "rope_theta", 1e6)',
      ],
    },
  },
];
