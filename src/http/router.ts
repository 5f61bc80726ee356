import type { Result } from "hono/router";
import { TrieRouter } from "hono/router/trie-router";

/** Hono's trie; it remembers where paths without parameters lead, for that is where models are asked, again and again. */
export class Router<T> extends TrieRouter<T> {
  readonly #plain = new Map<string, Map<string, Result<T>>>();

  override add(method: string, path: string, handler: T): void {
    if (!/[:*]/.test(path)) this.#plain.set(path, new Map());
    super.add(method, path, handler);
  }

  override match(method: string, path: string): Result<T> {
    const known = this.#plain.get(path);
    if (!known) return super.match(method, path);
    let result = known.get(method);
    if (!result) known.set(method, (result = super.match(method, path)));
    return result;
  }
}
