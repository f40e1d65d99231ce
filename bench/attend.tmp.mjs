// stored vs recomputed: one attention at T, WASM: forward+cp, forward+attn
import { wasm } from "../src/backends/wasm.ts";
import { attend } from "../src/ops/attend.ts";
import { context, scores } from "../src/ops/attention.ts";
import { softmax } from "../src/ops/softmax.ts";
import { input } from "../src/tensor.ts";
import { plan, workBytes } from "../src/plan.ts";
import { propagate } from "../src/propagate.ts";
import { linear } from "../src/ops/linear.ts";
const backend = await wasm();
const [h,d]=[12,+(process.argv[2]??32)];
for (const T of (process.argv[3]??"64,128,256,512,1024").split(",").map(Number)) {
  const wide=[1,T,h*d];
  const x = input("x", wide); 
  const runs = {}; 
  const data = { l: Float32Array.of(T), g: new Float32Array(T*h*d).fill(0.01), x: Float32Array.from({length:T*h*d},()=>Math.random()-.5) };
  for (const form of ["short","long"]) {
    const l = input("l",[1]), g = input("g", wide);
    const y = form=="long" ? attend(x,x,x,l,h,1/Math.sqrt(d)) : context(softmax(scores(x,x,h,1/Math.sqrt(d)),l),x);
    runs[`fwd ${form}`] = await backend.prepare(plan({y}));
    for (const [m,c] of [["cp",{context:"values"}],["attn",{context:"uniform",scores:"uniform"}]]) {
      const { gradients, kept } = propagate(y,g,[x],c);
      const out={y, r:gradients[0]}; kept.forEach((k,i)=>out[`k${i}`]=k.rows);
      runs[`${m} ${form}`] = await backend.prepare(plan(out));
    }
  }
  const times = Object.fromEntries(Object.keys(runs).map(k=>[k,[]]));
  const rounds = T>1000?3:T>300?7:15;
  for (let i=0;i<=rounds;i++) for (const [k,r] of Object.entries(runs)) { const t=performance.now(); await r.run(data); if(i) times[k].push(performance.now()-t); }
  const med=a=>[...a].sort((x,y)=>x-y)[a.length>>1];
  console.log(T, Object.entries(times).map(([k,v])=>`${k} ${med(v).toFixed(1)}`).join("  "), ["fwd","cp","attn"].map(m=>`${m} ${(med(times[m+" long"].map((t,i)=>t/times[m+" short"][i]))).toFixed(2)}`).join(" "));
}
