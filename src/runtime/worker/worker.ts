// What `load(source, { worker: true })` runs: dist/worker.js, next to the package's own file.

import { serve } from "./serve.ts";

serve();
