import { Command } from "commander";

/** Checks fixture files without a server; exit 2 for one that cannot be used, 1 for scripts that are never reached. */
export const validateCommand = (): Command =>
  new Command("validate")
    .description("check scripts, scenarios and catalogue files: file, path, expected, got")
    .argument("<file...>", "files, or folders of fixtures")
    .action(async (files: string[]) => {
      const { validate } = await import("../validate.ts");
      for (const file of files) {
        const { checked, warnings } = await validate(file);
        for (const warning of warnings) console.log(warning);
        console.log(`${file}: ${checked} checked, ${warnings.length} to look at`);
        if (warnings.length > 0) process.exitCode = 1;
      }
    });
