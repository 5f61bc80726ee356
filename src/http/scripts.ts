import type { z } from "zod";
import type { ScriptEntry } from "../engine/scripts.ts";
import { addScript, dropScript } from "../engine/scripts.ts";
import * as schema from "../schema/script.ts";
import { collectionRoutes } from "./collection.ts";
import type { Route } from "./route.ts";

const toWire = ({ script, source, matched }: ScriptEntry): z.infer<typeof schema.scriptState> => ({
  ...script,
  source,
  matched,
});

export const scriptRoutes = (): Route[] =>
  collectionRoutes({
    name: "scripts",
    tag: "Scripts",
    words: {
      many: "canned answers, in the order they are tried",
      one: "a canned answer",
      make: "Answer requests that match with what you say",
    },
    item: schema.scriptState,
    body: schema.script,
    list: ({ parts }) => parts.scripts.map(toWire),
    create: (world, body) => world.change(() => toWire(addScript(world, body))),
    remove: (world, ids) =>
      world.change(() => {
        for (const id of ids) dropScript(world, id);
      }),
  });
