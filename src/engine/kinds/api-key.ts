import { invalid } from "../../core/error.ts";
import { hashKey } from "../../core/key.ts";
import type { Json } from "../../core/list/field.ts";
import { textOf } from "../../core/list/field.ts";
import { alphanumeric, digest } from "../../core/random.ts";
import { parseTimestamp, toTimestamp } from "../../core/time.ts";
import { apiKey, createApiKeyBody, deleteApiKeyBody } from "../../schema/identity.ts";
import { randomText } from "../secret.ts";
import type { Kind } from "../registry.ts";
import { allOf, demandResource, dropResource, findIn, newValue, putResource } from "../resources.ts";

/** Characters of a key after `fw_`: 124 bits (ours). */
const KEY_LENGTH = 24;
/** So much of a key is shown afterwards. */
const PREFIX_LENGTH = 6;

/** A user's keys: one answer has the plaintext, a hash is kept (control-plane §1.2). The ID follows from the seed, the key does not. */
export const apiKeyKind: Kind = {
  collection: "apiKeys",
  under: "users",
  type: "ApiKey",
  schema: apiKey,
  defaultOrder: "create_time",
  tie: "key_id",
  changes: "self",
  all: allOf("apiKeys"),
  find: findIn("apiKeys"),
  create: {
    summary: "Make a key; only this answer has it",
    http: "POST",
    body: createApiKeyBody,
    result: apiKey,
    run: (world, { name: user, body }) =>
      world.change((now) => {
        const holder = demandResource(world, "users", user);
        const sent = (body["apiKey"] ?? {}) as Json;
        const expireTime = sent["expireTime"] as string | undefined;
        if (expireTime !== undefined && parseTimestamp(expireTime)! <= now)
          throw invalid("invalid api key: expire_time must be in the future");
        const keyId = alphanumeric(digest("new-api-key", world.parts.seed, user, world.nextSequence()), 12);
        const key = `fw_${randomText(KEY_LENGTH)}`;
        const value = newValue(
          apiKey,
          { displayName: "default", ...sent },
          {
            keyId,
            createTime: toTimestamp(now),
            secure: true,
            email: holder.value["email"],
            prefix: key.slice(0, PREFIX_LENGTH),
          },
        );
        const name = `${user}/apiKeys/${keyId}`;
        putResource(world, { collection: "apiKeys", name, value, hidden: { hash: hashKey(key), user } });
        return { ...value, key };
      }),
  },
  collectionVerbs: {
    delete: {
      summary: "Delete a key",
      http: "POST",
      body: deleteApiKeyBody,
      run: (world, { name: user, body }) =>
        world.change(() => {
          const name = `${user}/apiKeys/${textOf(body, "keyId")}`;
          dropResource(world, demandResource(world, "apiKeys", name));
          return {};
        }),
    },
  },
};
