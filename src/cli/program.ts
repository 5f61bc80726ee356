import { Command, CommanderError } from "commander";
import type { StartOptions } from "./options.ts";
import { withStartOptions } from "./options.ts";
import { remoteCommands } from "./remote.ts";
import { scenarioCommand } from "./scenario.ts";
import { firectlCommands } from "./firectl.ts";
import { validateCommand } from "./validate.ts";

/** Wrong use and everything a user can mend: one line, no stack. */
const USAGE_EXIT = 2;

/** Errors whose message is written for users. */
const isForUsers = (error: unknown): error is Error =>
  error instanceof Error &&
  ["DatabaseError", "FixtureError", "ListenError", "ClientError"].includes(error.constructor.name);

/** Commander puts its suggestions on a line of their own. */
const toOneLine = (text: string): string =>
  `${text
    .replace(/^error: /, "fireworks-emulator: ")
    .trim()
    .replaceAll("\n", " ")}\n`;

/** @param argv as the process has it */
export async function main(argv: string[]): Promise<void> {
  const program = new Command("fireworks-emulator")
    .description("A local emulator of the Fireworks AI platform.")
    .exitOverride();
  const start = withStartOptions(new Command("start").description("serve (the default)")).action(
    async (options: StartOptions) => {
      const { start: serve } = await import("./start.ts");
      await serve(options);
    },
  );
  program.addCommand(start, { isDefault: true });
  for (const command of [...remoteCommands(), scenarioCommand(), validateCommand(), ...firectlCommands()])
    program.addCommand(command);
  forEachCommand(program, (command) =>
    command
      .exitOverride()
      .showHelpAfterError(false)
      .configureOutput({ outputError: (text, write) => write(toOneLine(text)) }),
  );
  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : USAGE_EXIT;
      return;
    }
    if (!isForUsers(error)) throw error;
    console.error(`fireworks-emulator: ${error.message}`);
    process.exitCode = USAGE_EXIT;
  }
}

function forEachCommand(command: Command, work: (command: Command) => unknown): void {
  work(command);
  for (const inner of command.commands) forEachCommand(inner, work);
}
