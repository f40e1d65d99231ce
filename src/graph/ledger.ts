// The entries of a ledger: where ops keep relevance that they do not pass on to their inputs.

/** By entry, what was kept there, in the explained number's unit. */
export interface Entries {
  /** Absorbed by the biases of dense layers. */
  biases: number;
  /** What normalisations kept: their biases and, where the rule is the derivative, their deviations. */
  norms: number;
  /** What constant summands kept: position and token type embeddings, where relevance is read at word vectors. */
  constants: number;
  /** What rotary positions got of queries and keys by the rule `rotary: "uniform"`; read at tokens, it is in these. */
  positions: number;
  /** What the Taylor expansion of softmax keeps. */
  softmax: number;
  /** Products counted more than once, or not at all, by derivatives; no fixed sign. */
  products: number;
  /** What activation functions kept, where the rule is the derivative. */
  activations: number;
  /** What ε stabilisers absorbed, and α-β rules where no input has the sign that relevance asks for. */
  epsilon: number;
}

export type Entry = keyof Entries;

/** Nothing kept; the entries in their order. */
export const nothing: Readonly<Entries> = {
  biases: 0,
  norms: 0,
  constants: 0,
  positions: 0,
  softmax: 0,
  products: 0,
  activations: 0,
  epsilon: 0,
};
