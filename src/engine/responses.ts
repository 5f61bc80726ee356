import type { Flight } from "../core/deployment/load.ts";
import { ApiError } from "../core/error.ts";
import type { Ms } from "../core/time.ts";
import { DAY } from "../core/time.ts";
import type { ChatMessage } from "../schema/chat.ts";
import type { ResponseBody } from "../schema/response.ts";
import { hangUp } from "./boarding.ts";
import type { Caller } from "./inference.ts";
import type { World } from "./world.ts";

/** A response that can be looked at, gone on from, and while it is not done cancelled. */
export interface StoredResponse {
  id: string;
  account: string;
  sequence: number;
  /** As it is when it is done. */
  body: ResponseBody;
  /** All that was said, the answer included; instructions are not carried on. */
  messages: ChatMessage[];
  flight: Flight;
  deployment: string | undefined;
  isBackground: boolean;
  /** World time at which it is done; null when that is as soon as somebody looks. */
  doneAt: Ms | null;
  cancelledAt: Ms | null;
}

/** Responses are kept for 30 days of world time (inference §5.1), and so many of them (ours). */
const KEPT_MS = 30 * DAY;
const RESPONSES_MAX = 10_000;
const NEXT_STATUS = { wait: "queued", run: "in_progress" } as const;

const notFound = (what: string): ApiError => new ApiError("RESPONSE_NOT_FOUND", `${what} not found`);

function put(world: World, response: StoredResponse): void {
  const { store, queue } = world.parts;
  const timer = { at: response.body.created_at * 1000 + KEPT_MS, sequence: response.sequence };
  queue.set({ kind: "response", name: response.id, ...timer });
  store.putDocument("response", response.id, response, timer);
  world.saver.soon();
}

export function keepResponse(world: World, response: Omit<StoredResponse, "sequence">): StoredResponse {
  const { responses } = world.parts;
  const kept = { ...response, sequence: world.nextSequence() };
  responses.set(kept.id, kept);
  put(world, kept);
  if (responses.size > RESPONSES_MAX) forgetResponse(world, responses.keys().next().value!);
  return kept;
}

/** Drops a response: its time has come, or its client wants it gone. */
export function forgetResponse({ parts }: World, id: string): void {
  parts.responses.delete(id);
  parts.queue.delete("response", id);
  parts.store.dropDocument("response", id);
}

/** Who asks for responses: an account, or on a deployment's own host those who know its keys. */
export type Reader = Pick<Caller, "account" | "direct">;

const isOf = ({ account, direct }: Reader, response: StoredResponse): boolean =>
  response.account === account && (direct === undefined || response.deployment === direct);

/**
 * @param what how the refusal calls it
 * @throws ApiError RESPONSE_NOT_FOUND, for what is another's too
 */
export function findResponse(world: World, reader: Reader, id: string, what = "Response"): StoredResponse {
  const found = world.parts.responses.get(id);
  if (!found || !isOf(reader, found)) throw notFound(what);
  return found;
}

const isDone = (world: World, { doneAt, cancelledAt }: StoredResponse): boolean =>
  cancelledAt !== null || (doneAt !== null && doneAt <= world.now);

/** As a client sees it now: without output until it is done. */
export function showResponse(world: World, response: StoredResponse): ResponseBody {
  const { body, flight, cancelledAt } = response;
  if (cancelledAt !== null) return { ...body, status: "cancelled", output: [], usage: null, incomplete_details: null };
  if (isDone(world, response)) return body;
  const status = flight.startAt > world.now || response.doneAt === null ? NEXT_STATUS.wait : NEXT_STATUS.run;
  return { ...body, status, output: [], usage: null, incomplete_details: null };
}

/** A client looks: where time waits for that, it is done now. */
export function lookAtResponse(world: World, response: StoredResponse): ResponseBody {
  if (response.cancelledAt === null && response.doneAt === null) {
    response.doneAt = world.now;
    put(world, response);
  }
  if (world.parts.clock.mode === "skip" && !isDone(world, response)) world.runTo(response.doneAt!);
  return showResponse(world, response);
}

/** What its replica has still to do is taken back. */
export function endEarly(world: World, response: StoredResponse): void {
  if (isDone(world, response)) return;
  hangUp(world, response.flight, response.deployment);
  response.cancelledAt = world.now;
  put(world, response);
}

/** Cancels what is not done; again, or too late, changes nothing. @throws ApiError for one that is not in the background */
export function cancelResponse(world: World, response: StoredResponse): ResponseBody {
  if (!response.isBackground)
    throw new ApiError("invalid_request_error", "Only responses created with background=true can be cancelled");
  const isOver = isDone(world, response);
  endEarly(world, response);
  const shown = showResponse(world, response);
  return isOver ? shown : { ...shown, status: "cancelling" };
}

export interface ResponsePage {
  data: StoredResponse[];
  hasMore: boolean;
}

/** The newest first; `after` and `before` are ids of the list. @throws ApiError RESPONSE_NOT_FOUND */
export function listResponses(
  world: World,
  reader: Reader,
  limit: number,
  after: string | undefined,
  before: string | undefined,
): ResponsePage {
  const all = [...world.parts.responses.values()].filter((each) => isOf(reader, each)).toReversed();
  const placeOf = (id: string): number => all.indexOf(findResponse(world, reader, id));
  const from = after === undefined ? 0 : placeOf(after) + 1;
  const to = before === undefined ? all.length : placeOf(before);
  return { data: all.slice(from, to).slice(0, limit), hasMore: to - from > limit };
}
