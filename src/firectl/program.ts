import { Command, CommanderError, Option } from "commander";
import type { Json } from "./api.ts";
import { commands } from "./commands.ts";
import type { Spec } from "./commands.ts";
import { completions, completionScript, shells } from "./completion.ts";
import { createContext, DryRun } from "./context.ts";
import { addFlags, spellSwitches, UsageError } from "./flags.ts";
import type { Globals } from "./settings.ts";

/** The version that scripts are told; the newest that is known to exist. */
const FIRECTL_VERSION = "1.8.3";
const USAGE_EXIT = 2;
const ERROR_EXIT = 1;

function addGlobals(command: Command): Command {
  return command
    .option("-a, --account-id <string>", "the account")
    .option("--api-key <string>", "the key")
    .option("-p, --profile <string>", "accepted, without effect")
    .option("-s, --server <address>", "the server, e.g. 127.0.0.1:3473")
    .option("--dry-run", "print what would be sent, and send nothing", false)
    .addOption(new Option("-o, --output <format>", "how to print").choices(["text", "json", "flag"]).default("text"));
}

async function run(spec: Spec, args: readonly string[], options: Json): Promise<void> {
  try {
    await spec.run(createContext(options as unknown as Globals), args, options);
  } catch (error) {
    if (error instanceof DryRun) return;
    console.error(`Error: ${(error as Error).message}`);
    process.exitCode = error instanceof UsageError ? USAGE_EXIT : ERROR_EXIT;
  }
}

/** The group that a command's name leads to; groups are made as they are needed. */
function groupFor(program: Command, path: readonly string[], hidden: boolean): Command {
  let group = program;
  for (const name of path) {
    let next = group.commands.find((each) => each.name() === name);
    if (!next) {
      next = new Command(name).description(
        hidden ? "older spelling" : `what there is to do with a ${name.replaceAll("-", " ")}`,
      );
      group.addCommand(next, { hidden });
    }
    group = next;
  }
  return group;
}

/** @param old an older spelling that was used, if any */
function addCommand(program: Command, spec: Spec, old?: readonly string[]): void {
  const name = old ?? spec.name;
  const command = addGlobals(addFlags(new Command(name.at(-1)!), spec.flags ?? []))
    .description(spec.summary)
    .action(async (...given: unknown[]) => {
      if (old)
        console.error(
          `DEPRECATION WARNING: "firectl ${old.join(" ")}" will be removed in an upcoming major release; use "firectl ${spec.name.join(" ")}" instead.`,
        );
      const self = given.at(-1) as Command;
      await run(spec, given.slice(0, -2) as string[], self.opts());
    });
  if (spec.args !== "") command.arguments(spec.args);
  if (name.at(-1) === "delete") command.aliases(["rm", "remove"]);
  groupFor(program, name.slice(0, -1), old !== undefined).addCommand(command, { hidden: old !== undefined });
}

function createProgram(specs: readonly Spec[]): Command {
  const program = new Command("firectl").description("The command line of Fireworks, against the emulator.");
  for (const spec of specs) addCommand(program, spec);
  for (const spec of specs) for (const old of spec.old ?? []) addCommand(program, spec, old);
  program
    .command("version")
    .option("-l", "accepted: there is no newer one to look for")
    .description("show the version")
    .action(() => console.log(`firectl version ${FIRECTL_VERSION} (fireworks-emulator)`));
  program
    .command("completion")
    .description(`print the completion script of a shell: ${shells.join(", ")}`)
    .addArgument(program.createArgument("<shell>").choices(shells))
    .action((shell: string) => console.log(completionScript(shell)));
  program
    .command("__commands", { hidden: true })
    .action(() => console.log(JSON.stringify(specs.map(({ name, old = [], flags = [] }) => ({ name, old, flags })))));
  program
    .command("__complete", { hidden: true })
    .argument("[words...]")
    .allowUnknownOption()
    .action((words: string[]) => console.log(completions(program, words).join("\n")));
  return program;
}

/** Commander puts its suggestions on a line of their own. */
const toOneLine = (text: string): string =>
  `${text
    .replace(/^error: /, "Error: ")
    .trim()
    .replaceAll("\n", " ")}\n`;

function configure(command: Command): void {
  command
    .exitOverride()
    .showHelpAfterError(false)
    .configureOutput({ outputError: (text, write) => write(toOneLine(text)) });
  for (const inner of command.commands) configure(inner);
}

/** @param argv what comes after `firectl` */
export async function firectl(argv: readonly string[]): Promise<void> {
  const specs = commands();
  const switches = specs.flatMap(({ flags = [] }) =>
    flags.filter(({ type }) => type === "bool").map((each) => each.flag),
  );
  const program = createProgram(specs);
  configure(program);
  try {
    await program.parseAsync(spellSwitches(argv, new Set(switches)), { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? 0 : USAGE_EXIT;
  }
}
