/** How much of a field's value is a secret: all of it, or the texts and numbers in it, where it is no object. */
export type Secrecy = "all" | "words";

/** Fields of Fireworks that are made for secrets: keys of direct routes, credentials of the buckets of models. */
const own = [
  "directrouteapikey",
  "directrouteapikeys",
  "accesskeyid",
  "accesssecret",
  "accesskeysecret",
  "secretaccesskey",
  "awsaccesskeyid",
  "awssecretaccesskey",
  "sastoken",
  "sastokensecret",
  "azuresastokensecret",
  "sessiontoken",
  "securitytoken",
];
/** Names that secrets commonly have. An object with such a name may be a schema, or the resource of a key. */
const common = [
  "apikey",
  "xapikey",
  "authorization",
  "password",
  "clientsecret",
  "privatekey",
  "accesstoken",
  "refreshtoken",
  "bearertoken",
];

/** Names of fields, in lower case and without anything between their words. */
export type Fields = ReadonlyMap<string, Secrecy>;

const secretFields: Fields = new Map<string, Secrecy>([
  ...own.map((name) => [name, "all"] as const),
  ...common.map((name) => [name, "words"] as const),
]);

/** The kinds of bodies, by which of their fields are secrets. */
export type Place = "change" | "secret" | "words";

/**
 * By place: a request that changes something on the control plane, one that changes the secrets of evaluators and
 * tools, and what is said to models or answered by anybody. The last has no field that is made for a secret.
 */
export const fieldsOf: Readonly<Record<Place, Fields>> = {
  change: secretFields,
  secret: new Map<string, Secrecy>([...secretFields, ["value", "all"]]),
  words: new Map(),
};

const toPlain = (name: string): string => name.replaceAll(/[\s_-]/g, "").toLowerCase();

export const secrecyOf = (fields: Fields, name: string): Secrecy | undefined => fields.get(toPlain(name));

/** Finds the first name of a secret field in any text, however its words are joined. */
const toWords = (fields: Fields): RegExp =>
  new RegExp([...fields.keys()].map((name) => name.split("").join("[\\s_-]?")).join("|"), "i");

/** For texts that are no JSON, so that nobody can say where a field begins and ends. */
export const wordsOf: Readonly<Partial<Record<Place, RegExp>>> = {
  change: toWords(fieldsOf.change),
  secret: toWords(fieldsOf.secret),
};
