import type { z } from "zod";
import { invalid } from "../core/error.ts";
import type { ResetPart } from "../engine/reset.ts";
import { resetParts, resetWorld } from "../engine/reset.ts";
import * as schema from "../schema/control.ts";
import type { Call, Route } from "./route.ts";

function reset(call: Call): z.infer<typeof schema.resetResult> {
  const part = call.params["part"] as ResetPart | undefined;
  if (part !== undefined && !resetParts.includes(part))
    throw invalid(`cannot reset "${part}", expected one of: ${resetParts.join(", ")}`);
  const cleared = part ? [part] : [...resetParts];
  resetWorld(call.world, cleared);
  return { cleared };
}

export function resetRoutes(): Route[] {
  const own = { method: "POST", plane: "emulator", tag: "Emulator", result: schema.resetResult } as const;
  return [
    { ...own, path: "/__emulator/reset", summary: "Clear everything", handle: (call) => ({ body: reset(call) }) },
    {
      ...own,
      path: "/__emulator/reset/{part}",
      summary: "Clear one part: journal, scripts, faults, state or clock",
      handle: (call) => ({ body: reset(call) }),
    },
  ];
}
