// Which of transformers' tokenizer classes a model has, and which classes are read otherwise than classes.ts says.

/** Classes that run in Python and read no tokenizer.json, or change it in ways of their own. */
export const refused = new Set(
  `Bartpho BertGeneration BertJapanese Bertweet BioGpt BlenderbotSmall ByT5 CTRL Canine Clvp CodeLlama CpmAnt Cpm Dia
  Esm FSMT Flaubert GPTNeoXJapanese GPTSw3 LayoutLMv2 LayoutLMv3 LayoutXLM Luke M2M100 MBart MBart50 MLuke Marian MarkupLM
  Mgpstr MyT5 Nllb PLBart Perceiver Phobert ProphetNet Rag RoCBert RoFormer SeamlessM4T Siglip Speech2Text SpeechT5 Tapas
  Udop Vits Wav2Vec2CTC Wav2Vec2PhonemeCTC Whisper XLM`.split(/\s+/),
);

/** Classes that 5.x builds in ways of their own; 4.x takes the file as it is. */
export const rebuilt = new Set(
  `Barthez BigBird Blenderbot CLIP CodeGen ConvBert DPRContextEncoder DPRQuestionEncoder DPRReader Esmc FNet Funnel Herbert
  Lasr Nougat OpenAIGPT Parakeet Pegasus Qwen3_5 Reformer RemBert Siglip2 Splinter T5 Tipsv2 VideoPrism XGLM`.split(
    /\s+/,
  ),
);

/** Those of them that have token_type_ids in 4.x. */
export const typed = new Set(["FNet", "Herbert", "Parakeet", "RemBert", "DPRContextEncoder", "DPRQuestionEncoder"]);

/**
 * The class that a model's type has by default, in 4.x and 5.x: null is as tokenizer.json says, whatever class is named,
 * undefined is as it says unless one is named.
 */
export const classes: Readonly<Record<string, readonly [four: string | null, five: string | null | undefined]>> = {
  albert: ["Albert", "Albert"],
  bert: ["Bert", "Bert"],
  bloom: ["Bloom", undefined],
  camembert: ["Camembert", "Camembert"],
  cohere: ["Cohere", "Cohere"],
  "deberta-v2": ["DebertaV2", "DebertaV2"],
  distilbert: ["DistilBert", "Bert"],
  electra: ["Electra", "Bert"],
  gpt2: ["GPT2", "GPT2"],
  gpt_neox: ["GPTNeoX", "GPTNeoX"],
  granite: ["GPT2", null],
  llama: ["Llama", undefined],
  mistral: ["Llama", null],
  modernbert: [null, null],
  mpnet: ["MPNet", "MPNet"],
  olmo2: ["GPTNeoX", null],
  olmo3: ["GPT2", null],
  phi: ["CodeGen", "GPT2"],
  phi3: ["Llama", null],
  qwen2: ["Qwen2", "Qwen2"],
  qwen3: ["Qwen2", "Qwen2"],
  roberta: ["Roberta", "Roberta"],
  smollm3: [null, undefined],
  starcoder2: ["GPT2", "GPT2"],
  "xlm-roberta": ["XLMRoberta", "XLMRoberta"],
};
