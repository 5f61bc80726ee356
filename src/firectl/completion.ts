import type { Command } from "commander";

/** Shells ask `firectl __complete WORDS...` what may come next; the last word is the one that is being typed. */
const scripts: Record<string, string> = {
  bash: [
    "_firectl() {",
    '  COMPREPLY=($(firectl __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))',
    "}",
    "complete -o default -F _firectl firectl",
  ].join("\n"),
  zsh: [
    "#compdef firectl",
    "_firectl() {",
    '  compadd -- ${(f)"$(firectl __complete "${(@)words[2,$CURRENT]}" 2>/dev/null)"}',
    "}",
    "compdef _firectl firectl",
  ].join("\n"),
  fish: "complete -c firectl -f -a '(firectl __complete (commandline -opc)[2..-1] (commandline -ct))'",
};

export const shells = Object.keys(scripts);
export const completionScript = (shell: string): string => scripts[shell]!;

/** What may stand where the last word is: commands, or flags. */
export function completions(program: Command, words: readonly string[]): string[] {
  const typed = words.at(-1) ?? "";
  let command = program;
  for (const word of words.slice(0, -1)) {
    const next = command.commands.find((each) => each.name() === word || each.aliases().includes(word));
    if (next) command = next;
  }
  const names = command.commands.map((each) => each.name()).filter((name) => !name.startsWith("__"));
  const flags = command.options.filter(({ hidden }) => !hidden).map(({ long }) => long ?? "");
  return [...(typed.startsWith("-") ? flags : names)].filter((each) => each.startsWith(typed)).sort();
}
