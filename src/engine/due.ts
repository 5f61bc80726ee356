import { turnDeployed } from "./deployed-models.ts";
import { forgetResponse } from "./responses.ts";
import { turnTerm } from "./terms.ts";
import type { World } from "./world.ts";

/** What a due timer does, by its kind. */
export const due: Record<string, (world: World, name: string) => void> = {
  deployment: (world, name) => world.apply(name, { type: "wake" }),
  stockout: (world, name) => turnTerm(world, "stockout", name),
  reservation: (world, name) => turnTerm(world, "reservation", name),
  response: forgetResponse,
  deployedModels: turnDeployed,
};

/** Whether this version knows what such a timer is for. */
export const isTimerKind = (kind: string): boolean => Object.hasOwn(due, kind);
