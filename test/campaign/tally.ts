import type { Evidence } from './evidence.js';

/** How often each thing came about in a campaign: it shows that the campaign was not in vain. */
export class Tally {
  readonly #counts = new Map<string, number>();

  /** Counts a run that is left out, and why. */
  leaveOut(why: string): void {
    this.#count(`left out: ${why}`);
  }

  add(evidence: Evidence, happened: readonly string[]): void {
    const { ending, journal } = evidence;
    const effect = ending.runStatus === 'CANCELLED' ? (ending.summary?.order ?? 'unknown') : undefined;
    this.#count(['ended', ending.runStatus, ending.failureType, effect].filter(Boolean).join(' '));
    for (const what of happened) this.#count(`done: ${what}`);
    for (const { call, fault } of journal) {
      if (fault !== undefined) this.#count(`fault: ${call} ${fault.replaceAll(/\d+ ms/g, 'some ms')}`);
    }
    for (const { event } of ending.status?.timeline ?? []) this.#count(`event: ${event}`);
  }

  toString(): string {
    return [...this.#counts]
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([what, times]) => `  ${String(times).padStart(6)}  ${what}`)
      .join('\n');
  }

  #count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }
}
