import { closeSync, openSync, readSync, statSync } from "node:fs";
import { APPLICATION_ID } from "./migrations.ts";

/** Whose a database is. `new`: nothing was ever committed to it, so that it may become ours. */
export type Origin = { owner: "ours"; version: number } | { owner: "new" | "foreign" };

const PAGE_MAGIC = "SQLite format 3\0";
/** The header of the first page, and of the tree that begins on it, which lists the tables. */
const PAGE_BYTES = 108;
/** A write-ahead log begins with a header, and each page in it has one too. */
const [LOG_BYTES, FRAME_BYTES] = [32, 24];
const JOURNAL_MAGIC = Buffer.from("d9d505f920a163d7", "hex");
const JOURNAL_BYTES = 28;

/** The first bytes of a file: fewer, or none, where it has no more. */
function readStart(path: string, length: number): Buffer {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return Buffer.alloc(0);
  const fd = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, readSync(fd, bytes, 0, length, 0));
  } finally {
    closeSync(fd);
  }
}

const applicationOf = (page: Buffer): number => page.readUInt32BE(68);
const versionOf = (page: Buffer): number => page.readUInt32BE(60);
const tableCountOf = (page: Buffer): number => page.readUInt16BE(103);

/** The header of a rollback journal, where one is to be rolled back. */
function journalOf(path: string): Buffer | undefined {
  const journal = readStart(`${path}-journal`, JOURNAL_BYTES);
  const isHot = journal.length === JOURNAL_BYTES && journal.subarray(0, JOURNAL_MAGIC.length).equals(JOURNAL_MAGIC);
  return isHot ? journal : undefined;
}

/** How many pages a journal brings back; none when the file was empty before. */
const pagesBefore = (journal: Buffer): number => journal.readUInt32BE(16);

/** Of a blank file: whether what was committed or begun beside it is somebody else's. */
function isBegunByOthers(path: string): boolean {
  const log = readStart(`${path}-wal`, LOG_BYTES + FRAME_BYTES + PAGE_BYTES);
  // the first commit begins with the first page
  if (log.length === LOG_BYTES + FRAME_BYTES + PAGE_BYTES)
    return applicationOf(log.subarray(LOG_BYTES + FRAME_BYTES)) !== APPLICATION_ID;
  const journal = journalOf(path);
  return journal !== undefined && pagesBefore(journal) > 0;
}

/**
 * Reads from the first bytes which program owns a database, so that SQLite opens no other's: opening alone may change a file,
 * by rolling back or folding in what a killed process left (sqlite.org/fileformat2.html).
 * Never to be called for a file that this process has open: closing it here would end SQLite's locks.
 */
export function originOf(path: string): Origin {
  const page = readStart(path, PAGE_BYTES);
  const journal = journalOf(path);
  // a page whose bytes never came, which SQLite will take back
  const isUnwritten = page.every((byte) => byte === 0) && journal !== undefined && pagesBefore(journal) === 0;
  if (page.length > 0 && !isUnwritten) {
    if (page.length < PAGE_BYTES || page.toString("latin1", 0, PAGE_MAGIC.length) !== PAGE_MAGIC)
      return { owner: "foreign" };
    if (applicationOf(page) === APPLICATION_ID) return { owner: "ours", version: versionOf(page) };
    if (applicationOf(page) !== 0 || versionOf(page) !== 0 || tableCountOf(page) > 0) return { owner: "foreign" };
  }
  return { owner: isBegunByOthers(path) ? "foreign" : "new" };
}
