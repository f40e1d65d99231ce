import { faults } from "./faults.js";

console.log(JSON.stringify(await faults(process.argv[2])));
