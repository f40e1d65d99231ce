// What `load(source, { worker: true })` runs: dist/worker.js, beside the package's own file.

import { serve } from "./serve.ts";

serve();
