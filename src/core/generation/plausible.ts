import { alphanumeric } from "../random.ts";
import type { Random } from "../random.ts";
import type { Reading } from "./reading.ts";

/** Values that look like what their name promises; all are made up, and all come from the seed. */

const first = ["Ada", "Ben", "Chloe", "David", "Elena", "Farid", "Grace", "Hugo", "Ines", "Jonas", "Kira", "Liam"];
const last = ["Adler", "Brooks", "Castro", "Diaz", "Evans", "Fischer", "Garcia", "Hansen", "Ito", "Keller", "Novak"];
const cities = ["Paris", "Lisbon", "Oslo", "Kyoto", "Boston", "Nairobi", "Lima", "Prague", "Sydney", "Toronto"];
const countries = ["France", "Portugal", "Norway", "Japan", "Kenya", "Peru", "Canada", "Australia"];
const companies = ["Northwind", "Bluebird Labs", "Stonebridge", "Larkfield", "Harbor & Co"];
const streets = ["Oak Street", "Mill Lane", "River Road", "Station Square", "Hill View"];
const colors = ["red", "green", "blue", "amber", "teal", "violet"];
const currencies = ["USD", "EUR", "JPY", "GBP"];
const languages = ["en", "fr", "de", "es", "ja"];
const units = ["celsius", "fahrenheit"];
const jobs = ["engineer", "teacher", "nurse", "designer", "analyst"];

export interface Source {
  random: Random;
  reading: Reading;
}

const two = (value: number): string => String(value).padStart(2, "0");
const date = ({ random }: Source): string => `2026-${two(1 + random.below(12))}-${two(1 + random.below(28))}`;
const clock = ({ random }: Source): string => `${two(random.below(24))}:${two(random.below(60))}:00`;
const hex = (random: Random, length: number): string =>
  Array.from({ length }, () => random.below(16).toString(16)).join("");
const uuid = ({ random }: Source): string =>
  `${hex(random, 8)}-${hex(random, 4)}-4${hex(random, 3)}-a${hex(random, 3)}-${hex(random, 12)}`;
const person = ({ random }: Source): string => `${random.pick(first)} ${random.pick(last)}`;
const email = ({ random }: Source): string =>
  `${random.pick(first).toLowerCase()}.${random.pick(last).toLowerCase()}@example.com`;
const word = ({ random, reading }: Source): string => random.pick(reading.topics);
const url = (source: Source): string => `https://example.com/${slug(word(source))}`;
const slug = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]+/g, "-") || "item";

/** A sentence about what was asked. */
export const sentence = ({ random, reading }: Source): string => {
  const topic = random.pick(reading.topics);
  return random.pick([
    `A short note on ${topic}.`,
    `This is about ${topic}.`,
    `The main point here is ${topic}.`,
    `In brief, ${topic} comes first.`,
  ]);
};

/** A proper name of the request, where it has one: "the weather in Paris" is about Paris. */
const named =
  (others: readonly string[]) =>
  ({ random, reading }: Source): string =>
    reading.names.length > 0 ? random.pick(reading.names) : random.pick(others);

type Maker = (source: Source) => string;

const formats: Record<string, Maker> = {
  date,
  time: (source) => `${clock(source)}Z`,
  "date-time": (source) => `${date(source)}T${clock(source)}Z`,
  duration: ({ random }) => `PT${1 + random.below(90)}M`,
  email,
  "idn-email": email,
  uuid,
  uri: url,
  "uri-reference": url,
  iri: url,
  url,
  hostname: ({ random }) => `${random.pick(last).toLowerCase()}.example.com`,
  ipv4: ({ random }) => `192.0.2.${1 + random.below(254)}`,
  ipv6: ({ random }) => `2001:db8::${hex(random, 4)}`,
  byte: ({ random }) => Buffer.from(random.pick(first)).toString("base64"),
  regex: () => "^[a-z]+$",
  "json-pointer": (source) => `/${slug(word(source))}`,
};

/** By the words of a property's name in snake case; the first that matches. */
const strings: readonly (readonly [RegExp, Maker])[] = [
  [/e_?mail/, email],
  [/(^|_)(uuid|guid)$/, uuid],
  [/(^|_)id$/, ({ random }) => alphanumeric(hex(random, 32), 10)],
  [/(^|_)(url|uri|link|website|homepage)$/, url],
  [/phone|mobile|fax/, ({ random }) => `+1-202-555-0${100 + random.below(100)}`],
  [/first_?name|given_?name/, ({ random }) => random.pick(first)],
  [/last_?name|family_?name|surname/, ({ random }) => random.pick(last)],
  [/user_?name|login|handle/, ({ random }) => `${random.pick(first).toLowerCase()}${10 + random.below(90)}`],
  [/company|organi[sz]ation|employer|vendor|brand/, ({ random }) => random.pick(companies)],
  [/city|location|place|destination|origin|town/, named(cities)],
  [/country|nation/, named(countries)],
  [/street|address/, ({ random }) => `${1 + random.below(200)} ${random.pick(streets)}`],
  [/zip|postal|postcode/, ({ random }) => String(10_000 + random.below(89_999))],
  [/(date_?time|timestamp|_at)$/, (source) => `${date(source)}T${clock(source)}Z`],
  [/date|birthday|deadline|(^|_)day$/, date],
  [/(^|_)time$/, (source) => clock(source).slice(0, 5)],
  [/year/, ({ random }) => String(1990 + random.below(36))],
  [/colou?r/, ({ random }) => random.pick(colors)],
  [/currency/, ({ random }) => random.pick(currencies)],
  [/lang(uage)?|locale/, ({ random }) => random.pick(languages)],
  [/unit/, ({ random }) => random.pick(units)],
  [/job|occupation|profession|role/, ({ random }) => random.pick(jobs)],
  [/status|state/, ({ random }) => random.pick(["active", "pending", "done"])],
  [/(author|person|customer|owner|assignee|full_?name|(^|_)name)$/, (source) => named([person(source)])(source)],
  [/title|subject|heading|label|topic/, (source) => capital(word(source))],
  [/query|search|keyword|question|prompt/, ({ reading }) => reading.topics.join(" ")],
  [/tag|category|type|kind|genre|slug|key/, (source) => slug(word(source))],
  [/description|summary|content|body|text|message|comment|note|reason|explanation|answer|bio/, sentence],
];

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Plausible ranges of numbers by name. */
const numbers: readonly (readonly [RegExp, readonly [number, number]])[] = [
  [/(^|_)age$/, [18, 80]],
  [/year/, [1990, 2026]],
  [/month/, [1, 12]],
  [/(^|_)day/, [1, 28]],
  [/hour/, [0, 23]],
  [/minute|second/, [0, 59]],
  [/lat(itude)?$/, [-60, 60]],
  [/(lng|lon|longitude)$/, [-170, 170]],
  [/temp(erature)?/, [-5, 35]],
  [/percent|percentage/, [0, 100]],
  [/probability|confidence|ratio|fraction/, [0, 1]],
  [/rating|stars/, [1, 5]],
  [/score/, [0, 10]],
  [/price|cost|amount|total|salary|budget/, [5, 500]],
  [/count|quantity|number|limit|size|length/, [1, 20]],
];

/** @param name a property's name in any case style */
export const toWords = (name: string): string =>
  name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/[^A-Za-z0-9]+/g, "_")
    .toLowerCase();

/** A string for a property of this name, in this format where one is given. */
export function plausibleString(name: string, format: string | undefined, source: Source): string {
  const byFormat = format !== undefined && Object.hasOwn(formats, format) ? formats[format] : undefined;
  if (byFormat) return byFormat(source);
  const words = toWords(name);
  return (strings.find(([pattern]) => pattern.test(words))?.[1] ?? word)(source);
}

/** Where a number of this name usually lies. */
export function plausibleRange(name: string): readonly [number, number] {
  const words = toWords(name);
  return numbers.find(([pattern]) => pattern.test(words))?.[1] ?? [1, 100];
}
