import { z } from "zod";
import { invalid, notFound } from "../core/error.ts";
import type { Ms } from "../core/time.ts";
import { parseSpan } from "../core/time.ts";
import type { World } from "../engine/world.ts";
import { decodeOwnBody } from "./body.ts";
import type { Route } from "./route.ts";

/** A collection of the emulator's own API: what can be listed, made and ended, by id. */
interface Collection<Item extends z.ZodType, Body extends z.ZodType> {
  /** Last segment of its path, and key of its list. */
  name: string;
  tag: string;
  /** In summaries: "stockouts", "a stockout". */
  words: { many: string; one: string; make: string };
  item: Item;
  body: Body;
  list: (world: World) => z.infer<Item>[];
  create: (world: World, body: z.infer<Body>) => z.infer<Item>;
  remove: (world: World, ids: string[]) => void;
}

/** GET, POST and DELETE of a collection, GET and DELETE of one of it. */
export function collectionRoutes<Item extends z.ZodType<{ id: string }>, Body extends z.ZodType>({
  name,
  tag,
  words,
  item,
  body,
  list,
  create,
  remove,
}: Collection<Item, Body>): Route[] {
  const own = { plane: "emulator", tag } as const;
  const [path, result] = [`/__emulator/${name}`, z.object({})];
  const one = `${path}/{id}`;
  return [
    {
      method: "GET",
      path,
      ...own,
      summary: `List ${words.many}`,
      result: z.object({ [name]: z.array(item) }),
      handle: ({ world }) => ({ body: { [name]: list(world) } }),
    },
    {
      method: "POST",
      path,
      ...own,
      summary: words.make,
      body: body as unknown as z.ZodObject,
      result: item,
      handle: ({ world, text }) => ({ body: create(world, decodeOwnBody(body, text)) }),
    },
    {
      method: "DELETE",
      path,
      ...own,
      summary: `End all ${words.many}`,
      result,
      handle: ({ world }) => {
        remove(
          world,
          list(world).map(({ id }) => id),
        );
        return { body: {} };
      },
    },
    {
      method: "GET",
      path: one,
      ...own,
      summary: `Show ${words.one}`,
      result: item,
      handle: ({ world, params }) => {
        const found = list(world).find(({ id }) => id === params["id"]);
        if (!found) throw notFound();
        return { body: found };
      },
    },
    {
      method: "DELETE",
      path: one,
      ...own,
      summary: `End ${words.one}`,
      result,
      handle: ({ world, params }) => {
        remove(world, [params["id"]!]);
        return { body: {} };
      },
    },
  ];
}

/** A span of the emulator's own bodies; undefined when it was left out. @throws ApiError INVALID_ARGUMENT naming the field */
export function parseSpanOf(field: string, text: string | undefined): Ms | undefined {
  if (text === undefined) return undefined;
  const span = parseSpan(text);
  if (span === undefined) throw invalid(`${field}: expected a span such as "90s", "1h30m" or "7d", got "${text}"`);
  return span;
}
