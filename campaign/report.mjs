/** Failures of one attack that are printed in full; the others are counted. */
const PRINTED_MAX = 20;

/**
 * What an attack finds. `lost`: an answered write is gone after a restart; `wrong`: an answer or a state that cannot be;
 * `refused`: a database that does not open.
 */
export class Report {
  counts = { tried: 0, lost: 0, wrong: 0, refused: 0 };
  notes = [];
  /** Why the attack was not made at all; it counts as no success. */
  notTried = "";
  #printed = 0;
  #attack;
  #seed;

  constructor(attack, seed) {
    this.#attack = attack;
    this.#seed = seed;
  }

  tried(count = 1) {
    this.counts.tried += count;
  }

  note(text) {
    this.notes.push(text);
  }

  /** @param {"lost" | "wrong" | "refused"} how @param {string} folder what is kept for a look at it */
  fail(how, { expected, got, folder }) {
    this.counts[how] += 1;
    this.#printed += 1;
    if (this.#printed > PRINTED_MAX) return;
    const lines = [
      `${how}: attack ${this.#attack}, seed ${this.#seed}`,
      `  expected  ${expected}`,
      `  got       ${String(got).slice(0, 1500)}`,
      `  kept in   ${folder}`,
    ];
    console.error(lines.join("\n"));
  }

  get hasFailed() {
    const { lost, wrong, refused } = this.counts;
    return lost + wrong + refused > 0;
  }
}
