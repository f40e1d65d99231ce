import { cached, faults } from "./faults.js";

const asked = new URLSearchParams(location.search);
globalThis.answers = (asked.has("cached") ? cached : faults)(asked.get("base"));
