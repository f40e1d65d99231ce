const { load } = require("relprop");

(async () => {
  const model = await load(`${__dirname}/node_modules/relprop/models/sst2-tiny`, JSON.parse(process.argv[2]));
  const explanation = await model.explain("A gorgeous, witty, seductive movie.", { method: "attn-lrp" });
  await model.dispose();
  console.log(JSON.stringify(explanation));
})();
