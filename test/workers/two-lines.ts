import { serve } from "../../src/index.ts";

serve();
