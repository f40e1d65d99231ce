// The pages in their order.

/** A section's pages: paths without their folder, each with its title. */
const section = (text: string, folder: string, pages: Readonly<Record<string, string>>) => ({
  text,
  items: Object.entries(pages).map(([page, title]) => ({
    text: title,
    link: page.startsWith("/") ? page : `/${folder}/${page}`,
  })),
});

export const sections = [
  section("Start", "start", {
    "/": "What relprop is",
    node: "Node, Deno, Bun",
    browser: "Browser",
    shell: "Shell",
    notebook: "Notebook",
    page: "The demo page",
  }),
  section("Recipes", "recipes", {
    frameworks: "React, Vue, Svelte, Next",
    workers: "Workers",
    csp: "Content-Security-Policy",
    caching: "Caching and offline use",
    edge: "Edge functions",
    csv: "CSV and summaries",
    figures: "Figures for papers",
    "long-texts": "Long texts",
    "many-texts": "Many texts",
    ner: "Token classification",
    qa: "Question answering",
    "masked-words": "Masked words",
    generation: "Generation",
    similarity: "Similarity",
    images: "Images",
  }),
  section("Understand", "understand", {
    relevance: "Relevance",
    ledger: "The ledger",
    "reading-points": "Reading points",
    methods: "Methods",
    faithfulness: "Faithfulness",
    limits: "Limits",
    glossary: "Glossary",
  }),
  section("Reference", "reference", {
    api: "API",
    explain: "Options of explain()",
    element: "The heatmap element",
    tasks: "Tasks",
    load: "Where models come from",
    cli: "Command line",
    results: "JSON of results",
    "/errors": "Error codes",
    models: "Models",
    "/checkpoints": "Fields of config.json",
    "/quantised": "Quantised checkpoints",
    tokenizers: "Weights and tokenizers",
    "where-it-runs": "Where it runs",
    speed: "Size and speed",
  }),
  section("Research", "research", {
    diagnose: "Diagnose",
    decoders: "A real decoder",
    switches: "Models by switches",
    points: "Rows and points",
    "in-context": "In-context learning",
  }),
  section("Contribute", "contribute", {
    architecture: "How it is built",
    add: "Add a family, a rule, an op",
    tests: "Commands and tests",
    golden: "Golden numbers",
    "/trust": "What is promised",
    release: "Release",
  }),
];
