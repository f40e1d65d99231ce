// What --help teaches.

const general = `relprop explains what a Transformer's prediction rests on, token by token.

  relprop explain "A gorgeous, witty, seductive movie."
  relprop predict "A gorgeous, witty, seductive movie."
  relprop evaluate --data FILE
  relprop inspect --model DIR

Commands (each has its own --help)
  explain TEXT   which tokens the prediction rests on, and the ledger that proves it
  predict TEXT   the classes and their probabilities
  generate TEXT  how a text goes on, and what each new token rests on
  diagnose TEXT  what goes on inside: how alike tokens become, attention, ranks, gradients
  evaluate       how faithful each method's explanations of labelled texts are
  inspect        what is in a model's directory

  --model DIR    a directory or https URL with config.json, tokenizer.json and model.safetensors;
                 by default the small sentiment model that comes with relprop
  --version      the version

Exit status: 0, 1 for a failed run, 2 for wrong usage.
`;

const lines = `  --jsonl          read lines {"id"?, "text"} or "a text" from standard input, write one
                   JSON object a line, in order; a bad line is answered with its error.
                   Lines that come together run together
`;

const one = `  --model DIR      a directory or https URL; default: the model that comes with relprop
  --backend NAME   auto, wasm or webgpu (in Node webgpu needs: npm install webgpu)
  --truncate       cut a text that is too long for the model instead of refusing it
  --json           one JSON object
  --out FILE       write to a file
`;

const shared = one + lines;

const changed = `  --num-loops N    how often the blocks of a looped model run
  --ablate-heads B.H,…     attention heads cut out, by block and place; --ablate-neurons likewise
  --input FILE     in place of a text, of models that read them: {"rows": [[…], …], "names"?} or
                   {"points": [[x, y, z], …]} as JSON
`;

const explain = `relprop explain TEXT [options]

What to explain
  --pair TEXT        a second text, read with the first as one
  --target CLASS     a class by label or index; default: the top class
  --contrast CLASS   explain the target's logit less this class's
                     Both may be given more than once: an explanation for each pair, from one run
  --objective NAME   log-probability of the target, or softmax-contrast with all other classes
  --token TOKEN      for models with logits of each token: which token, by a part of the text
                     or by index; default: the masked, the last or the most confident one
  --continuation TEXT  how the text goes on, of models that say so: all its tokens together;
                     --contrast is then another
  --cosine TEXT      how alike another text's embedding is; --dot TEXT, their product;
                     with --interactions also by pairs of tokens, as JSON
  --image FILE       in place of a text, of models that read images: PNG, JPEG (in Node needs:
                     npm install fast-png jpeg-js)
${changed}
How
  --method NAME      cp-lrp            attention weights and LayerNorm deviations held constant (default)
                     lrp-ah, lrp-ln    only the one or the other (Ali et al. 2022)
                     lrp-ah-ln         both, plain gradients through activations
                     attn-lrp          Achtibat et al. 2024
                     attn-lrp-gamma    the same with the gamma rule, for images (default there)
                     cp-lrp-gamma      cp-lrp with the gamma rule, for points (default there)
                     gradient-x-input  no rules
                     several, with commas: an explanation by each, from one run
                     without a ledger: saliency, integrated-gradients, smoothgrad, attention-last,
                     rollout, attention-flow, gae, grad-rollout, occlusion, kernel-shap, random;
                     with options as JSON: '{"name": "occlusion", "by": "unk"}'
                     auto              the most faithful on the texts of --sample FILE, a .tsv, .csv
                                       or .jsonl; remembered for the model and the reading point
  --composite FILE   rules of your own, as JSON: {"norm": "identity", "context": "values"}
  --at POINT         where relevance is read: embeddings (default), embedding-sum, words;
                     of images: pixels (default), embeddings; several, with commas

Finer and coarser, as JSON
  --groups NAME      also by words or sentences
  --layers           also the residual stream's relevance at each block's input
  --heads            also what each attention head hands on
  --neurons N        also the N feed-forward neurons with the most relevance
  --pixels           of an image, also each pixel's relevance
  --pairs            also what tokens pass on to one another through attention
  --experts          also which experts each token chose, of a mixture of experts

Output
  --format NAME      text (default), html, svg, json; of images also png
${shared}
Reading the result: every token's relevance is its share of the logit. The ledger adds up:
logit = tokens + biases + norms + constants + softmax + products + activations + epsilon + residual,
and the residual, which is computed from all the others, shows that nothing was lost.

  relprop explain "not a bad movie" --target positive --contrast negative
  relprop explain "not a bad movie" --format html --out movie.html
  relprop explain --jsonl < texts.jsonl > explanations.jsonl
`;

const predict = `relprop predict TEXT [options]

${changed}${shared}`;

const generate = `relprop generate TEXT [options]

  --max-new-tokens N  at most so many tokens (20)
  --temperature X  0 (default) takes the likeliest token; above, tokens are drawn
  --top-k N        draws among the N likeliest only
  --top-p X        draws among the fewest of the likeliest with this probability together only
  --seed N         decides what is drawn (0)
  --explain        also what each new token rests on, with --json; --method, --composite, --at
                   and --contrast as for explain
  --model DIR      a directory or https URL with a model that continues texts
  --backend NAME   auto, wasm or webgpu
  --json           one JSON object
  --out FILE       write to a file
`;

const diagnose = `relprop diagnose TEXT [options]

  --tokens A,B     places of tokens: how much of each head's attention they get
  --target CLASS   the class of the logit for gradients; --contrast CLASS subtracts its logit
  --weights        also the ranks of the network's matrices
  --compare-to DIR the ranks of what they differ by from another model's, as before training
  --format NAME    text (default), json, svg
${changed}${one}
After each block: the mean cosine of two tokens, the residual ratio (what is left of them without
their mean), stable and effective rank and size of the stream; then the mean entropy of attention,
the mass on --tokens, the slope of log variance of what attention adds over log position, and the
size of the logit's gradient by the projections. JSON has it head by head and token by token.
`;

const inspect = `relprop inspect [--model DIR] [--json] [--out FILE]

The model's family, classes, sizes and weights, and which backend would run it.
`;

const evaluate = `relprop evaluate --data FILE [options]

  --data FILE      .tsv or .csv with the columns sentence (or text) and label, or .jsonl with
                   {"text", "label"} a line; labels are classes by name or index
  --protocol NAME  ali2022 (default)  activation and pruning by [UNK]: auac, auMse, aupc
                   ali2022-fixed      special tokens stay, the predicted class is explained
                   achtibat2024       word vectors zeroed, most and least relevant first
                   aopc               comprehensiveness and sufficiency
                   loo                Kendall's tau against leaving each token out
                   sanity             against the model with random weights, block by block
                   stability          against the text with other case and punctuation
                   pruning            what is lost as neurons are cut out: smallest, largest, random
                   ablation           what is lost as heads are: by importance, by relevance, random
  --methods A,B    default: all, the slowest by the first 200 examples; NAME:N judges one by
                   the first N examples
  --baseline NAME  the method that others are compared with, pair by pair (gradient-x-input)
  --at POINT       where methods that propagate are read: embeddings (default), embedding-sum,
                   words
  --limit N        only the first N examples
  --seed N         of random orders and of the bootstrap (0)
  --journal FILE   keeps what is done; started again, it goes on where it stopped
  --plot FILE.svg  the perturbation curves
  --model DIR      a directory or https URL; default: the model that comes with relprop
  --backend NAME   auto, wasm or webgpu
  --truncate       cut texts that are too long for the model
  --json           one JSON object
  --out FILE       write to a file

The table has a mean and a 95 % bootstrap interval for each metric, and the forward passes
and seconds that a method's explanations took.
`;

const pages = new Map([
  ["explain", explain],
  ["predict", predict],
  ["evaluate", evaluate],
  ["generate", generate],
  ["diagnose", diagnose],
  ["inspect", inspect],
]);

export const help = (command: string | undefined): string => pages.get(command ?? "") ?? general;
