// A token, as results have it.

/** What is the same of all tokens. */
interface Piece {
  /** The token's row in the vocabulary. */
  id: number;
  /** The vocabulary's piece: "##ing", "[CLS]". */
  text: string;
  /** 1 for tokens of the second of two texts. */
  type?: 1;
  /** The token type id that the network is fed, where it is not 0; the tokenizer's files decide. */
  typeId?: number;
  /** Of a word that the vocabulary has no piece for; `text` is then the piece that stands for all of them. */
  unknown?: true;
}

/** A token of the text, also a special one that the user wrote, such as [MASK]. */
export interface TextToken extends Piece {
  /**
   * UTF-16 offsets into the user's own text. Ranges are in order and apart, except that pieces of one character share it:
   * BERT reads 한 as ᄒ ##ᅡ ##ᆫ. Patches of an image have the empty range of its empty text.
   */
  start: number;
  /** The end of the range, exclusive. */
  end: number;
  /** Whether it is a special token, such as [MASK]. */
  special: boolean;
}

/** A special token that the tokenizer's template added, which is nowhere in the text. */
export interface TemplateToken extends Piece {
  /** It has no place in the text. */
  start: null;
  /** It has no place in the text. */
  end: null;
  /** Always true. */
  special: true;
}

/** A token that the model reads: of the text, or added by the template. `special: false` means that it has offsets. */
export type Token = TextToken | TemplateToken;
