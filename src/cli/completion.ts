// relprop completion SHELL: a script that completes commands and their options.

import { commands } from "./options.ts";
import { Usage } from "./usage.ts";

const names = () => [...commands.keys(), "help"];
const optionsOf = (command: string) => [...(commands.get(command) ?? []), "help"].map((option) => `--${option}`);

const bash = () => `_relprop() {
  local current="\${COMP_WORDS[COMP_CWORD]}" options
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${names().join(" ")}" -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${names()
  .map((name) => `    ${name}) options="${optionsOf(name).join(" ")}" ;;`)
  .join("\n")}
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$options" -- "$current")) ;;
    *) COMPREPLY=($(compgen -f -- "$current")) ;;
  esac
}
complete -o filenames -F _relprop relprop
`;

const zsh = () => `#compdef relprop
autoload -Uz bashcompinit && bashcompinit
${bash()}`;

const fish = () =>
  names()
    .flatMap((name) => [
      `complete -c relprop -n __fish_use_subcommand -f -a ${name}`,
      ...optionsOf(name).map(
        (option) => `complete -c relprop -n '__fish_seen_subcommand_from ${name}' -l ${option.slice(2)}`,
      ),
    ])
    .join("\n")
    .concat("\n");

const shells = new Map([
  ["bash", bash],
  ["zsh", zsh],
  ["fish", fish],
]);

/** The script for a shell. */
export function completion([shell = "", ...more]: string[]): string {
  const script = shells.get(shell);
  if (!script || more.length) throw new Usage(`completion takes one of ${[...shells.keys()].join(", ")}`);
  return script();
}
