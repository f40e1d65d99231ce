import { build } from "esbuild"; import {gzipSync} from "node:zlib"; import { minify } from "/tmp/mf/node_modules/terser/main.js";
const gz=(b)=>gzipSync(b,{level:9}).length;
for (const [n,src] of [["src",'export {load} from "./src/index.ts"'],["dist",'export {load} from "./dist/index.js"']]) {
const r=await build({stdin:{contents:src,resolveDir:process.cwd()},bundle:true,format:"esm",target:"es2022",minify:true,write:false,platform:"browser",legalComments:"none"});
const b=r.outputFiles[0].text;console.log(n,b.length,gz(b));
if(n=="src"){const t=await minify(b,{module:true,ecma:2022,compress:{passes:3,unsafe_arrows:true},mangle:true});
console.log("terser",t.code.length,gz(t.code));}}
const r2=await build({stdin:{contents:'export {load} from "./src/index.ts"',resolveDir:process.cwd()},bundle:true,format:"esm",target:"es2022",minify:false,write:false,platform:"browser",legalComments:"none"});
const all=r2.outputFiles[0].text;const secs=all.split(/^\/\/ (?=src|node_modules)/m);
const res=[];
for(const s of secs){const rest=secs.filter(x=>x!==s).join("// ");res.push([gz(all)-gz(rest),s.split("\n")[0]])}
res.sort((a,b)=>b[0]-a[0]);console.log(res.slice(0,40).map(x=>x.join(" ")).join("\n"));
