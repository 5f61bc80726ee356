#!/usr/bin/env node

// scripts call `firectl` in loops: nothing of the emulator is loaded for it
if (process.argv[2] === "firectl") await (await import("../firectl/program.ts")).firectl(process.argv.slice(3));
else await (await import("./program.ts")).main(process.argv);
