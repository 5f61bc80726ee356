import { createHmac, randomBytes, randomInt, timingSafeEqual } from "node:crypto";
import { ALPHANUMERIC } from "../core/random.ts";
import type { Store } from "../store/store.ts";

const BYTES = 32;
/** The row of the table `meta`. */
const ROW = "secret";

/**
 * What a world signs with. It is the host's randomness and not the seed's: the seed is public, and whoever knows it
 * could sign. So it is outside the laws about bytes, and no answer, journal or log has it.
 */
export class Secret {
  /** Private, so that no JSON of a world's parts can show it. */
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** @param parts what is signed; as JSON, so that no two lists of parts look alike */
  sign(...parts: (string | number | boolean)[]): string {
    return createHmac("sha256", this.#bytes).update(JSON.stringify(parts)).digest("hex");
  }

  /** Takes the same time wherever the texts differ. */
  verify(signature: string, ...parts: (string | number | boolean)[]): boolean {
    const [given, own] = [Buffer.from(signature), Buffer.from(this.sign(...parts))];
    return given.length === own.length && timingSafeEqual(given, own);
  }
}

/** Gives a world a new secret: what was signed before is void. A copy of a database needs it, or it signs for the original. */
export function renewSecret(store: Store): Secret {
  const bytes = randomBytes(BYTES);
  store.setMeta(ROW, bytes.toString("hex"));
  return new Secret(bytes);
}

/** The secret of a world; one that has none yet gets it. */
export function openSecret(store: Store): Secret {
  const bytes = Buffer.from(store.meta(ROW) ?? "", "hex");
  return bytes.length === BYTES ? new Secret(bytes) : renewSecret(store);
}

/** Lowercase letters and digits that nobody can guess. */
export const randomText = (length: number): string =>
  Array.from({ length }, () => ALPHANUMERIC[randomInt(ALPHANUMERIC.length)]).join("");
