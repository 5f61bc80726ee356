import { fileURLToPath } from "node:url";
import { Command } from "commander";

/** The folder with the `firectl` that scripts find; two folders up from `src/cli` and `dist/cli` alike. */
const shims = fileURLToPath(new URL("../../shims", import.meta.url));

/** `firectl` itself is answered before anything else is loaded; here it only has its place in the help. */
export const firectlCommands = (): Command[] => [
  new Command("firectl").description("the command line of Fireworks, against the emulator: firectl --help"),
  new Command("shims")
    .description('print a folder for PATH in which `firectl` is this one: PATH="$(fireworks-emulator shims):$PATH"')
    .action(() => console.log(shims)),
];
