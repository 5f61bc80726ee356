import { Command } from "commander";

/** Plays scenario files, each in a world of its own; exit 1 when an expectation fails. */
export function scenarioCommand(): Command {
  const run = new Command("run")
    .description("play scenario files and print their timelines")
    .argument("<file...>", "files, or names of built-in scenarios")
    .option("--json", "print JSON, a line each", false)
    .action(async (files: string[], { json }: { json: boolean }) => {
      const [{ readScenario }, { runScenario }, { toChart, toJson }] = await Promise.all([
        import("../scenario/file.ts"),
        import("../scenario/run.ts"),
        import("../scenario/chart.ts"),
      ]);
      for (const file of files) {
        const outcome = await runScenario(await readScenario(file));
        console.log(json ? JSON.stringify(toJson(outcome)) : `${toChart(outcome)}\n`);
        if (!outcome.passed) process.exitCode = 1;
      }
    });
  const list = new Command("list").description("the built-in scenarios").action(async () => {
    const { builtInScenarios, readScenario } = await import("../scenario/file.ts");
    for (const name of builtInScenarios()) console.log(`${name.padEnd(24)} ${(await readScenario(name)).description}`);
  });
  return new Command("scenario")
    .description("rehearse a timeline of commands and traffic")
    .addCommand(run)
    .addCommand(list);
}
