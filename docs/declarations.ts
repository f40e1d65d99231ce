// What the package exports, as its users' editors see it: each exported name with its declaration, sorted, and after them the
// names behind these, without comments. Read from the declarations that `npm run build` leaves in dist/types.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";

/** The declarations of a file by name, and for each name that it imports or passes on, where that is declared. */
interface Declared {
  own: Map<string, string>;
  from: Map<string, [file: string, name: string]>;
}

/** The snapshot of these entries, such as "dist/types/index.d.ts". */
export function declarations(entries: readonly string[]): string {
  const files = new Map<string, Declared>();
  const read = (file: string) => {
    if (!files.has(file)) files.set(file, parsed(file));
    return files.get(file)!;
  };
  /** Where a name that a file uses is declared. */
  const found = (file: string, name: string): [file: string, name: string] | undefined => {
    const { own, from } = read(file);
    const next = from.get(name);
    return own.has(name) ? [file, name] : next && found(...next);
  };
  const text = ([file, name]: [string, string]) => read(file).own.get(name)!;
  const sorted = (names: Iterable<string>) => [...names].sort();

  const shown = new Set<string>();
  const waiting: [string, string][] = [];
  const show = (place: [string, string], as = place[1]) => {
    const key = place.join(" ");
    if (shown.has(key)) return [];
    shown.add(key);
    for (const [used] of text(place).matchAll(/[A-Za-z_$][\w$]*(?![\w$]|\??:)/g)) {
      const there = found(place[0], used);
      if (there) waiting.push(there);
    }
    return [as === place[1] ? text(place) : `${text(place)} // as ${as}`];
  };
  const parts = entries.map((entry) => {
    const lines = sorted(read(entry).from.keys()).flatMap((name) => show(found(entry, name)!, name));
    return `// ${entry.replace("dist/types/", "").replace(".d.ts", "")}\n\n${lines.join("\n\n")}\n`;
  });
  const behind = new Map<string, string>();
  for (let place = waiting.shift(); place; place = waiting.shift()) {
    for (const line of show(place)) behind.set(`${place[1]} ${place[0]}`, line);
  }
  const rest = sorted(behind.keys()).map((key) => behind.get(key));
  return `${parts.join("\n")}\n// behind them\n\n${rest.join("\n\n")}\n`;
}

function parsed(file: string): Declared {
  const code = readFileSync(new URL(`../${file}`, import.meta.url), "utf8").replace(
    /\/\*[\s\S]*?\*\/\s*|\/\/\/.*\n/g,
    "",
  );
  const own = new Map<string, string>();
  const from = new Map<string, [string, string]>();
  for (const [, names, path] of code.matchAll(/^(?:import|export)(?: type)? \{([^}]*)\} from "(\.[^"]+)";/gm)) {
    const there = join(dirname(file), path.replace(/\.ts$/, ".d.ts"));
    for (const name of names.split(",").map((one) => one.trim().replace(/^type /, ""))) {
      const [theirs, ours = theirs] = name.split(" as ");
      if (name) from.set(ours, [there, theirs]);
    }
  }
  // Statements begin at the left; what stands further in belongs to the one before.
  for (const statement of code.split(/\n(?=(?:export |declare |interface |type |const ))/)) {
    const name = /^(?:export )?(?:declare )?(?:abstract )?(?:class|interface|type|const|function) ([\w$]+)/.exec(
      statement,
    );
    if (!name) continue;
    const before = own.get(name[1]); // overloads
    own.set(name[1], `${before ? `${before}\n` : ""}${statement.trim().replace(/\n\s*\n/g, "\n")}`);
  }
  return { own, from };
}
