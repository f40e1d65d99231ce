// What --help teaches.

const general = `relprop explains what a Transformer's prediction rests on, token by token.

  relprop explain "A gorgeous, witty, seductive movie."
  relprop predict "A gorgeous, witty, seductive movie."
  relprop inspect --model DIR

Commands (each has its own --help)
  explain TEXT   which tokens the prediction rests on, and the ledger that proves it
  predict TEXT   the classes and their probabilities
  inspect        what is in a model's directory

  --model DIR    a directory or https URL with config.json, tokenizer.json and model.safetensors;
                 by default the small sentiment model that comes with relprop
  --version      the version

Exit status: 0, 1 for a failed run, 2 for wrong usage.
`;

const shared = `  --model DIR      a directory or https URL; default: the model that comes with relprop
  --backend NAME   auto, wasm or webgpu (in Node webgpu needs: npm install webgpu)
  --truncate       cut a text that is too long for the model instead of refusing it
  --json           one JSON object
  --jsonl          read lines {"id"?, "text"} or "a text" from standard input, write one
                   JSON object a line, in order; a bad line is answered with its error.
                   Lines that come together run together
  --out FILE       write to a file
`;

const explain = `relprop explain TEXT [options]

What to explain
  --target CLASS     a class by label or index; default: the top class
  --contrast CLASS   explain the target's logit less this class's
                     Both may be given more than once: an explanation for each pair, from one run

How
  --method NAME      cp-lrp            attention weights and LayerNorm deviations held constant (default)
                     lrp-ah, lrp-ln    only the one or the other (Ali et al. 2022)
                     lrp-ah-ln         both, plain gradients through activations
                     attn-lrp          Achtibat et al. 2024
                     gradient-x-input  no rules
                     several, with commas: an explanation by each, from one run
                     without a ledger: saliency, integrated-gradients, smoothgrad, attention-last,
                     rollout, attention-flow, gae, grad-rollout, occlusion, kernel-shap, random;
                     with options as JSON: '{"name": "occlusion", "by": "unk"}'
  --composite FILE   rules of your own, as JSON: {"layer_norm": "identity", "context": "values"}
  --at POINT         where relevance is read: embeddings (default), embedding-sum, words;
                     several, with commas

Finer and coarser, as JSON
  --groups NAME      also by words or sentences
  --layers           also the residual stream's relevance at each block's input
  --heads            also what each attention head hands on
  --neurons N        also the N feed-forward neurons with the most relevance
  --pairs            also what tokens pass on to one another through attention

Output
  --format NAME      text (default), html, svg, json
${shared}
Reading the result: every token's relevance is its share of the logit. The ledger adds up:
logit = tokens + biases + norms + positions + softmax + products + activations + epsilon + residual,
and the residual, which is computed from all the others, shows that nothing was lost.

  relprop explain "not a bad movie" --target positive --contrast negative
  relprop explain "not a bad movie" --format html --out movie.html
  relprop explain --jsonl < texts.jsonl > explanations.jsonl
`;

const predict = `relprop predict TEXT [options]

${shared}`;

const inspect = `relprop inspect [--model DIR] [--json] [--out FILE]

The model's family, classes, sizes and weights, and which backend would run it.
`;

const pages = new Map([
  ["explain", explain],
  ["predict", predict],
  ["inspect", inspect],
]);

export const help = (command: string | undefined): string => pages.get(command ?? "") ?? general;
