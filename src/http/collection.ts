import { z } from "zod";
import { invalid, notFound } from "../core/error.ts";
import type { Ms } from "../core/time.ts";
import { parseSpan } from "../core/time.ts";
import type { World } from "../engine/world.ts";
import { decodeOwnBody } from "./body.ts";
import type { Route } from "./route.ts";

/** A collection of the emulator's own API: what can be listed, made and ended, by id or by name. */
interface Collection<Item extends z.ZodType, Body extends z.ZodType> {
  /** Last segment of its path, and key of its list. */
  name: string;
  /** `/__emulator/{name}` when left out. */
  path?: string;
  /** What tells its items apart; `id` when left out. */
  key?: "id" | "name";
  tag: string;
  /** See `Route.isWorldless`. */
  isWorldless?: boolean;
  /** In summaries: "stockouts", "a stockout". */
  words: { many: string; one: string; make: string };
  item: Item;
  body: Body;
  list: (world: World) => z.infer<Item>[];
  create: (world: World, body: z.infer<Body>) => z.infer<Item>;
  remove: (world: World, ids: string[]) => void;
}

type Identified = Partial<Record<"id" | "name", string>>;

/** GET, POST and DELETE of a collection, GET and DELETE of one of it. */
export function collectionRoutes<Item extends z.ZodType<Identified>, Body extends z.ZodType>(
  collection: Collection<Item, Body>,
): Route[] {
  return [...manyRoutes(collection), ...oneRoutes(collection)];
}

const pathOf = ({ name, path = `/__emulator/${name}` }: { name: string; path?: string }): string => path;
const done = z.object({});

function manyRoutes<Item extends z.ZodType<Identified>, Body extends z.ZodType>(
  collection: Collection<Item, Body>,
): Route[] {
  const { name, key = "id", tag, isWorldless = false, words, item, body, list, create, remove } = collection;
  const own = { plane: "emulator", tag, isWorldless, path: pathOf(collection) } as const;
  return [
    {
      method: "GET",
      ...own,
      summary: `List ${words.many}`,
      result: z.object({ [name]: z.array(item) }),
      handle: ({ world }) => ({ body: { [name]: list(world) } }),
    },
    {
      method: "POST",
      ...own,
      summary: words.make,
      body: body as unknown as z.ZodObject,
      result: item,
      handle: ({ world, text }) => ({ body: create(world, decodeOwnBody(body, text)) }),
    },
    {
      method: "DELETE",
      ...own,
      summary: `End all ${words.many}`,
      result: done,
      handle: ({ world }) => {
        const all = list(world).map((each) => each[key]!);
        remove(world, all);
        return { body: {} };
      },
    },
  ];
}

function oneRoutes<Item extends z.ZodType<Identified>, Body extends z.ZodType>(
  collection: Collection<Item, Body>,
): Route[] {
  const { key = "id", tag, isWorldless = false, words, item, list, remove } = collection;
  const own = { plane: "emulator", tag, isWorldless, path: `${pathOf(collection)}/{${key}}` } as const;
  return [
    {
      method: "GET",
      ...own,
      summary: `Show ${words.one}`,
      result: item,
      handle: ({ world, params }) => {
        const found = list(world).find((each) => each[key] === params[key]);
        if (!found) throw notFound();
        return { body: found };
      },
    },
    {
      method: "DELETE",
      ...own,
      summary: `End ${words.one}`,
      result: done,
      handle: ({ world, params }) => {
        remove(world, [params[key]!]);
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
