import { serve } from "relprop";

serve();
