/** Texts and values that readers of requests stumble over. */
const oddValues = [
  null,
  true,
  -1,
  0,
  1e308,
  -0.5,
  2 ** 53,
  2 ** 31,
  "",
  " ",
  "\u0000",
  "\ud800",
  "é".repeat(50),
  "x".repeat(5000),
  "NaN",
  "-1s",
  "1e99s",
  "9999999h",
  [],
  {},
  [[]],
  [null],
  { a: { b: {} } },
  "__proto__",
  "constructor",
  "../../etc/passwd",
  "accounts/-/models/-",
  "accounts/local/deployments/",
  "2026-13-45T99:99:99Z",
  "99999999999999999999",
  "%00",
  "a/b#c",
  "(?:a+)+$",
  "{{lastUserMessage}}",
  "\u202e",
  "0x10",
];
const oddKeys = [
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "",
  "\u0000",
  "length",
  "then",
  "toJSON",
  "x".repeat(300),
];
const oddSegments = [
  "-",
  "..",
  "%2e%2e",
  "%00",
  "%ff",
  "%",
  "%zz",
  "constructor",
  "__proto__",
  "x".repeat(3000),
  "%F0%9F%98%80",
  ":",
  "a:b:c",
  "*",
  "{id}",
  "%2f",
  "owner",
  "local",
  "fireworks",
];

const isObject = (value) => typeof value === "object" && value !== null;

/** One of them, and a copy of it: what is put into a body may be changed there again. */
const odd = (random) => structuredClone(random.pick(oddValues));

/** Every place in a value that can be changed: its holder and its key. */
function places(value, found = []) {
  if (!isObject(value) || found.length > 500) return found;
  for (const key of Object.keys(value)) {
    found.push([value, key]);
    places(value[key], found);
  }
  return found;
}

const nest = (depth) => "[".repeat(depth) + "]".repeat(depth);

const valueChanges = [
  (random, [holder, key]) => (holder[key] = odd(random)),
  (random, [holder, key]) => delete holder[key],
  (random, [holder]) => {
    // defined, because setting __proto__ would not make a key
    if (!Array.isArray(holder))
      Object.defineProperty(holder, random.pick(oddKeys), {
        value: odd(random),
        enumerable: true,
        configurable: true,
        writable: true,
      });
  },
  (random, [holder, key]) => (holder[key] = [holder[key], holder[key]]),
  (random, [holder, key]) => (holder[key] = { [key]: holder[key] }),
  (random, [holder, key]) => (holder[key] = JSON.stringify(holder[key])),
];

const textChanges = [
  (random, text) => text.slice(0, random.below(text.length + 1)),
  (random, text) =>
    text.slice(0, random.below(text.length)) +
    random.pick(["\u0000", "}", "{", '"', "\\", ",", "\\ud800", "1e999", "\ufeff"]) +
    text.slice(random.below(text.length)),
  (random, text) => text.replace("{", `{"${random.pick(oddKeys.slice(0, 4))}": ${random.pick(["1", "{}", "null"])}, `),
  (random) => nest(random.pick([10, 1000, 20_000])),
  (random, text) => `${text}${text}`,
  (random, text) => `\ufeff${text}`,
  () => "",
  () => "null",
];

/** A body that was good, and has been changed a few times. @returns bytes */
export function mutateBody(random, body) {
  const copy = JSON.parse(JSON.stringify(body ?? {}));
  for (let changes = random.below(4); changes > 0; changes -= 1) {
    const all = places(copy);
    if (all.length > 0) random.pick(valueChanges)(random, random.pick(all));
  }
  let text = JSON.stringify(copy);
  if (random.chance(0.15)) text = random.pick(textChanges)(random, text);
  const bytes = Buffer.from(text);
  if (random.chance(0.05) && bytes.length > 0) bytes[random.below(bytes.length)] = 128 + random.below(128);
  return bytes;
}

/** A path of the OpenAPI document with its parameters filled in. */
export function fillPath(random, path, ids) {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name) =>
    random.chance(0.8) ? random.pick(ids[name] ?? ["local", "d", "x"]) : random.pick(oddSegments),
  );
  const cut = random.chance(0.03) ? filled.slice(0, random.below(filled.length)) || "/" : filled;
  return random.chance(0.25) ? `${cut}?${mutateQuery(random)}` : cut;
}

const queries = [
  "pageSize",
  "pageToken",
  "filter",
  "orderBy",
  "readMask",
  "updateMask",
  "deploymentId",
  "limit",
  "after",
  "startTime",
  "endTime",
  "showDeleted",
  "format",
  "model",
  "text",
  "path",
];

function mutateQuery(random) {
  const pair = () => {
    const value = random.pick([...oddValues.filter((each) => !isObject(each)), "name", "state=READY", "10", "1"]);
    let text;
    try {
      text = random.chance(0.8) ? encodeURIComponent(String(value)) : random.pick(oddSegments);
    } catch {
      text = "%ed%a0%80"; // half a pair
    }
    return `${random.pick(queries)}=${text}`;
  };
  return Array.from({ length: 1 + random.below(3) }, pair).join("&");
}
