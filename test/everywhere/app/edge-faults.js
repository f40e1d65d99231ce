import { faults } from "./faults.js";

export default {
  fetch: async (request) => Response.json(await faults(new URL(request.url).searchParams.get("base"))),
};
