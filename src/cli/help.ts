// The pages of --help.

import { attributionNames } from "../attribution/names.ts";
import { nothing } from "../graph/ledger.ts";

/** A text in lines of at most so many characters, each behind an indent. */
function wrapped(text: string, indent: number, width: number): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines[lines.length - 1];
    if (indent + last.length + word.length + 1 > width) lines.push(word);
    else lines[lines.length - 1] = last ? `${last} ${word}` : word;
  }
  return lines.map((line) => " ".repeat(indent) + line).join("\n");
}

const general = `relprop explains the predictions of Transformers, token by token.

  relprop explain "A gorgeous, witty, seductive movie."
  relprop predict "A gorgeous, witty, seductive movie."
  relprop evaluate --data FILE
  relprop inspect --model DIR

Commands (each has its own --help)
  explain TEXT   the relevance of each token for the prediction, with its ledger
  predict TEXT   the classes and their probabilities
  generate TEXT  a continuation of the text, and the relevance of earlier tokens for each new one
  diagnose TEXT  the network's inside: similarity of tokens, attention, ranks, gradients
  lens TEXT      for language models: what each layer would predict (the logit lens)
  evaluate       the faithfulness of each method's explanations of labelled texts
  inspect        the contents of a model's directory
  quantize       the same model with weights of 8 or 4 bits
  completion     a script that completes commands in bash, zsh or fish
  help CODE      the cause and remedy of an error code, such as MissingTensor; help COMMAND: its options

  --model NAME   a directory or https URL with config.json, tokenizer.json and model.safetensors, or
                 organisation/name on the hub (of HF_ENDPOINT, by default huggingface.co);
                 default: the small sentiment model that comes with relprop
  --version      the version

Exit status: 0; 1 for a failed run; 2 for wrong usage.
`;

const lines = `  --jsonl          read lines {"id"?, "text"} or "a text" from standard input and write one JSON
                   object a line, in the same order; an invalid line returns its error.
                   Lines that arrive together run as one batch
`;

const offline = `  --offline        read models of the network only from the cache folder
`;

const one = `  --model NAME     a directory, https URL or organisation/name on the hub, kept in the cache folder;
                   default: the model that comes with relprop
${offline}  --backend NAME   auto, wasm or webgpu (in Node, webgpu needs: npm install webgpu)
  --truncate       cut a text that is too long for the model instead of rejecting it
  --json           write one JSON object
  --out FILE       write to a file
`;

const shared = one + lines;

const changed = `  --pair TEXT      the second text of a pair
  --image FILE     for models of images: a PNG or JPEG file (in Node needs:
                   npm install fast-png jpeg-js)
  --num-loops N    number of loops of a looped model
  --ablate-heads B.H,…     ablate attention heads, each BLOCK.HEAD; --ablate-neurons likewise
  --input FILE     JSON input for models that do not read text: {"rows": [[…], …], "names"?} or
                   {"points": [[x, y, z], …]}; or {"messages": [{"role", "content"}, …]}
`;

const explain = `relprop explain TEXT [options]

Objective
  --target CLASS     a class by label or index; default: the top class; all: one explanation for each
  --contrast CLASS   subtract the logit of this class
                     Both may be repeated: one explanation for each pair, from one run
  --objective NAME   log-probability of the target, or softmax-contrast with all other classes
  --token TOKEN      for models with logits of each token: which token, by a part of the text
                     or by index; default: the masked, the last or the most confident one
  --continuation TEXT  for language models: explain all tokens of this continuation together;
                     --contrast is then another continuation
  --each             with --continuation: each of its tokens by all tokens before it, as a matrix;
                     with --groups by parts of the text; --contrast is then a token
  --cosine TEXT      cosine similarity with another text's embedding; --dot TEXT: dot product;
                     with --interactions also by pairs of tokens, as JSON
${changed}
Method
  --method NAME      cp-lrp            constant attention weights and LayerNorm deviations (default)
                     lrp-ah, lrp-ln    only one of the two (Ali et al. 2022)
                     lrp-ah-ln         both, with plain gradients of activations
                     attn-lrp          Achtibat et al. 2024
                     attn-lrp-gamma    attn-lrp with the gamma rule (default for images)
                     cp-lrp-gamma      cp-lrp with the gamma rule (default for point clouds)
                     gradient-x-input  no rules
                     several, separated by commas: one explanation for each, from one run
                     without a ledger (ig and shap for short):
${wrapped(attributionNames.join(", "), 21, 95)};
                     with options as JSON: '{"name": "occlusion", "baseline": "unk"}'
                     auto              the most faithful method on the texts of --sample FILE, a
                                       .tsv, .csv or .jsonl; cached by model and reading point
  --composite FILE   a composite of rules, as JSON: {"norm": "identity", "context": "values"}
  --positional       with attn-lrp: half of what rotary positions turn is the positions' (PA-LRP)
  --at POINT         reading point of relevance: embeddings (default), embedding-sum, words;
                     for images: pixels (default), embeddings; several, separated by commas

  --groups NAME      relevance of words, sentences or messages

Breakdowns, as JSON
  --layers           relevance of the residual stream at each block's input
  --heads            relevance of each attention head's output
  --neurons N        the N feed-forward neurons with the most relevance
  --pixels           for images: relevance of each pixel
  --pairs            relevance from token to token through attention
  --experts          for mixtures of experts: which experts each token is routed to

Many texts
  --data FILE        .tsv or .csv with a header, or .jsonl: a line of JSON for each row, with its number and
                     label, on standard output or in --out, which an interrupted run goes on with;
                     --column NAME: the texts' column (sentence or text), --label NAME: that of
                     their classes; --limit N: only the first N rows

Output
  --format NAME      text (default), html, svg, json; for images also png
  --by NAME          what has one colour: words (default), tokens, or groups of --groups
${shared}
Reading the result: the relevance of a token is its share of the logit. The ledger adds up:
logit = tokens + ${Object.keys(nothing).join(" + ")} + residual.
The residual is what all other entries leave of the logit: it shows that nothing was lost.

  relprop explain "not a bad movie" --target positive --contrast negative
  relprop explain "not a bad movie" --format html --out movie.html
  relprop explain --jsonl < texts.jsonl > explanations.jsonl
`;

const predict = `relprop predict TEXT [options]

${changed}${shared}`;

const generate = `relprop generate TEXT [options]
relprop generate --messages JSON [options]

  --messages JSON  a conversation, [{"role", "content"}, …] as JSON, a file of it, or - for standard
                   input: rendered by the model's chat template (needs: npm install
                   @huggingface/jinja); the answer alone is written
  --max-new-tokens N  the maximum number of new tokens (20)
  --stop TEXT      end before this text; may be given more than once
  --repetition-penalty X  divide the positive logits of earlier tokens by X, multiply the others
  --logprobs N     also log-probabilities, of the token and of the N most probable, with --json
  --temperature X  0 (default): greedy decoding; above 0: sampling
  --top-k N        sample from the N most probable tokens
  --top-p X        nucleus (top-p) sampling
  --min-p X        sample from tokens with at least X times the highest probability
  --seed N         seed of the sampling (0)
  --explain        explain each new token, with --json; takes --method, --composite, --at and
                   --contrast as explain does
  --model DIR      a directory or https URL with a causal language model
${offline}  --backend NAME   auto, wasm or webgpu
  --json           write one JSON object
  --out FILE       write to a file
`;

const diagnose = `relprop diagnose TEXT [options]

  --tokens A,B     indices of tokens: each head's attention to them
  --target CLASS   the class of the logit for gradients; --contrast CLASS subtracts its logit
  --weights        also the ranks of the weight matrices
  --compare-to DIR the ranks of the difference from another model's matrices, as before training
  --format NAME    text (default), json, svg
${changed}${one}
For the stream after each block: mean cosine of two tokens, residual ratio (the norm without the
tokens' mean, over the whole norm), stable and effective rank, and norm. For each block: mean
entropy of attention, attention mass on --tokens, the slope of the log variance of attention's
output over the log position, and the norm of the logit's gradient at the projections. JSON has
all of it by head and by token.
`;

const lens = `relprop lens TEXT [options]

  --tokens A,B     indices of the tokens to read at, or all; default: the last one, or the first
                   masked one
  --top N          the most probable pieces of the vocabulary at each layer (5)
  --target PIECE   the piece to follow: its rank and probability are shown at each layer; default:
                   what the model predicts
${changed}${one}
For language models, causal and masked: the last norm and the head applied to the embeddings and to
the stream after each block. The last row is the model's prediction.
`;

const inspect = `relprop inspect [--model NAME] [--offline] [--backend NAME] [--json] [--out FILE]

The model's type, task, classes, sizes and weights, and the backend that would run it.
`;

const evaluate = `relprop evaluate --data FILE [options]

  --data FILE      .tsv or .csv with the columns sentence (or text) and label, or .jsonl with
                   {"text", "label"} on each line; labels are classes by name or index
  --column NAME    the column of the texts; --label NAME: that of the classes
  --protocol NAME  ali2022 (default)  activation and pruning by [UNK]: auac, auMse, aupc
                   ali2022-fixed      special tokens stay, the predicted class is explained
                   achtibat2024       word vectors set to zero, most and least relevant first
                   aopc               comprehensiveness and sufficiency
                   loo                Kendall's tau with leave-one-out
                   sanity             against the model with random weights, block by block
                   stability          against the text with other case and punctuation
                   pruning            loss as neurons are ablated: smallest, largest, random first
                   ablation           loss as heads are ablated: by importance, by relevance, random
  --methods A,B    default: all, the slowest on the first 200 examples; NAME:N evaluates a method
                   on the first N examples
  --baseline NAME  the method that others are compared with, example by example (gradient-x-input)
  --at POINT       reading point of methods that propagate: embeddings (default), embedding-sum,
                   words
  --limit N        only the first N examples
  --seed N         seed of random orders and of the bootstrap (0)
  --journal FILE   saves finished examples; an interrupted evaluation resumes from it
  --plot FILE.svg  plot of the perturbation curves
  --model DIR      a directory or https URL; default: the model that comes with relprop
${offline}  --backend NAME   auto, wasm or webgpu
  --truncate       cut texts that are too long for the model
  --json           write one JSON object
  --out FILE       write to a file

The table has the mean and the 95 % bootstrap interval of each metric, and the number of forward
passes and the seconds of each method's explanations.
`;

const quantize = `relprop quantize DIR OUT [--to int8|int4]

Writes the model of DIR (a directory or https URL) to the new folder OUT with its matrices as whole
numbers, each 32 of a row with a scale, in the format of compressed-tensors, which transformers
reads too. Words' vectors have 8 bits; biases, norms, positions and small matrices stay as they are.

  --to NAME        int8 (default), or int4: half as large, further from the original
`;

const completion = `relprop completion bash|zsh|fish

Writes a script that completes commands and options:

  source <(relprop completion bash)
  relprop completion zsh > "\${fpath[1]}/_relprop"
  relprop completion fish > ~/.config/fish/completions/relprop.fish
`;

const pages = new Map([
  ["completion", completion],
  ["explain", explain],
  ["predict", predict],
  ["evaluate", evaluate],
  ["generate", generate],
  ["diagnose", diagnose],
  ["lens", lens],
  ["inspect", inspect],
  ["quantize", quantize],
]);

export const help = (command: string | undefined): string => pages.get(command ?? "") ?? general;
