import { faults } from "./faults.js";

console.log(JSON.stringify(await faults(JSON.parse(process.argv[2]))));
