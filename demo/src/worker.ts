import { serve } from "../../src/runtime/worker/serve.ts";

serve();
