/** Resource names: `accounts/{account}` and `accounts/{account}/{collection}/{id}` (control-plane §1.1). */

export const accountName = (account: string): string => `accounts/${account}`;
export const resourceName = (account: string, collection: string, id: string): string =>
  `accounts/${account}/${collection}/${id}`;

/** The last part of a name: its ID. */
export const idOf = (name: string): string => name.slice(name.lastIndexOf("/") + 1);

/** What a name lies under: the name without its collection and ID. */
export const parentOf = (name: string): string => name.slice(0, name.lastIndexOf("/", name.lastIndexOf("/") - 1));

/** The account that a name belongs to. */
export function accountOf(name: string): string {
  const [start, end] = [name.indexOf("/") + 1, name.indexOf("/", name.indexOf("/") + 1)];
  return start === 0 ? "" : name.slice(start, end < 0 ? undefined : end);
}

/** An ID that a user may choose: 1-63 of `a-z 0-9 -`, starting with a letter, ending without a dash. */
export const isUserId = (id: string): boolean => /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/.test(id);

/** An account ID as it stands in names; the page itself writes `acmeInc`. */
export const isAccountId = (id: string): boolean => /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(id);

/** `accounts/{account}/models/{model}`, each of the form in which it can be made. */
export function isModelName(name: string): boolean {
  const [accounts, account = "", models, model = "", ...rest] = name.split("/");
  return accounts === "accounts" && isAccountId(account) && models === "models" && isUserId(model) && rest.length === 0;
}

/** `replicaCount` -> `replica_count`. */
export const toSnake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** `replica_count` -> `replicaCount`; camel case stays. */
export const toCamel = (name: string): string =>
  name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
