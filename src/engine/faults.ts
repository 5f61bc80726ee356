import { ApiError, invalid, notFound } from "../core/error.ts";
import { digest, Random } from "../core/random.ts";
import { isGlob } from "../core/pattern.ts";
import { parseSpan } from "../core/time.ts";
import type { Fault, FaultInput } from "../schema/fault.ts";
import type { World } from "./world.ts";

/** A fault in a world, with the order of its making and how many requests it has looked at. */
export interface FaultEntry {
  fault: Fault;
  sequence: number;
  looked: number;
}

/** What a fault can look at. */
export interface Suspect {
  method: string;
  path: string;
  model: string;
  account: string;
}

/** @throws ApiError ALREADY_EXISTS, INVALID_ARGUMENT */
export function addFault(world: World, body: FaultInput): FaultEntry {
  const { faults, store } = world.parts;
  if (body.delay !== undefined && parseSpan(body.delay) === undefined)
    throw invalid(`delay: expected a span such as "90s", "1h30m" or "7d", got "${body.delay}"`);
  const sequence = world.nextSequence();
  const id = body.id ?? `fault-${sequence}`;
  if (faults.has(id)) throw new ApiError("ALREADY_EXISTS", `fault ${id} already exists`);
  const entry: FaultEntry = { fault: { ...body, id, happened: 0 }, sequence, looked: 0 };
  faults.set(id, entry);
  store.putDocument("fault", id, entry);
  return entry;
}

/** @throws ApiError NOT_FOUND */
export function dropFault(world: World, id: string): void {
  if (!world.parts.faults.delete(id)) throw notFound();
  world.parts.store.dropDocument("fault", id);
}

/** The model string names the deployment after `#`, or is one; a path of the control plane names it too. */
function deploymentIn({ model, path }: Suspect): string {
  const hash = model.indexOf("#");
  if (hash >= 0) return model.slice(hash + 1);
  const text = model.includes("/deployments/") ? model : path;
  return /(?:accounts\/[^/]+\/)?deployments\/[^/:]+/.exec(text)?.[0] ?? "";
}

const isDeployment = (glob: string, name: string): boolean => name !== "" && isGlob(glob, name);

function fits({ match }: Fault, suspect: Suspect): boolean {
  return (
    (match.method === undefined || match.method.toUpperCase() === suspect.method) &&
    (match.path === undefined || isGlob(match.path, suspect.path)) &&
    (match.account === undefined || match.account === suspect.account) &&
    (match.model === undefined || isGlob(match.model, suspect.model.replace(/#.*$/, ""))) &&
    (match.deployment === undefined || isDeployment(match.deployment, deploymentIn(suspect)))
  );
}

/** Whether it happens this time: n times at most, and by chance where that is asked for. */
function happens(world: World, entry: FaultEntry): boolean {
  const { fault } = entry;
  if (fault.times !== undefined && fault.happened >= fault.times) return false;
  entry.looked += 1;
  const draw = new Random(digest("fault", world.parts.seed, fault.id, entry.looked)).unit();
  const isHit = draw < (fault.probability ?? 1);
  if (isHit) fault.happened += 1;
  world.parts.store.putDocument("fault", fault.id, entry);
  world.saver.soon();
  return isHit;
}

/** The fault that happens to a request, if any. */
export function strikeFault(world: World, suspect: Suspect): Fault | undefined {
  for (const entry of world.parts.faults.values())
    if (fits(entry.fault, suspect) && happens(world, entry)) return entry.fault;
  return undefined;
}
