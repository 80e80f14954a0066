import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { activitySlots } from '../../src/worker/create-worker.js';
import { FleetCount, type ListedWorker } from '../../src/worker/fleet-count.js';
import { uniqueIdentity } from '../../src/worker/fleet.js';

/** A Temporal server's list, in which workers that live have a new heartbeat each time. */
class Listing {
  readonly #workers = new Map<string, { heartbeat: number; lives: boolean; isLeaving: boolean }>();
  #time = 0;

  joins(name: string): void {
    this.#workers.set(name, { heartbeat: this.#time, lives: true, isLeaving: false });
  }
  drains(name: string): void {
    this.#change(name, { isLeaving: true });
  }
  ends(name: string): void {
    this.#change(name, { lives: false });
  }
  next(): ListedWorker[] {
    this.#time += 1;
    return [...this.#workers].map(([name, worker]) => {
      if (worker.lives) worker.heartbeat = this.#time;
      return {
        key: `key of ${name}`,
        identity: name,
        heartbeat: String(worker.heartbeat),
        isLeaving: worker.isLeaving,
      };
    });
  }
  #change(name: string, change: { lives?: boolean; isLeaving?: boolean }): void {
    const worker = this.#workers.get(name);
    if (worker) Object.assign(worker, change);
  }
}

function looks(count: FleetCount, listing: Listing, times: number): number[] {
  return Array.from({ length: times }, () => {
    count.look(listing.next());
    return count.count;
  });
}

describe('the number of workers', () => {
  it('is not known before the others had time to see this one', () => {
    const listing = new Listing();
    const count = new FleetCount('me');
    listing.joins('other');
    expect(looks(count, listing, 2)).toEqual([0, 0]);
    listing.joins('me');
    expect(looks(count, listing, 4)).toEqual([0, 0, 2, 2]);
  });

  it('is kept while the server has lost its list, and until the others are in it again', () => {
    const { listing, count } = settled('me');
    listing.joins('other');
    looks(count, listing, 2);
    count.look([]);
    expect(count.count).toBe(2);
    count.look(listing.next().filter(({ identity }) => identity === 'me'));
    expect(count.count).toBe(2);
    expect(looks(count, listing, 5)).toEqual([2, 2, 2, 2, 2]);
  });

  it('grows with a worker at the first look that finds it', () => {
    const { listing, count } = settled('me');
    listing.joins('other');
    expect(looks(count, listing, 1)).toEqual([2]);
  });

  it('counts a worker that drains, and soon no more when it has ended', () => {
    const { listing, count } = settled('me', 'other');
    listing.drains('other');
    expect(looks(count, listing, 20)).toEqual(Array.from({ length: 20 }, () => 2));
    listing.ends('other');
    expect(looks(count, listing, 4)).toEqual([2, 2, 1, 1]);
  });

  it('counts a worker that was killed for a while, and not again while the server still lists it', () => {
    const { listing, count } = settled('me', 'other');
    listing.ends('other');
    const counts = looks(count, listing, 100);
    expect(counts.indexOf(1)).toBe(9);
    expect(counts.slice(9).every((workers) => workers === 1)).toBe(true);
  });

  it('is kept while the server does not answer, or is behind', () => {
    const { listing, count } = settled('me', 'a', 'b');
    for (let look = 0; look < 100; look += 1) count.look();
    expect(count.count).toBe(3);
    for (const name of ['me', 'a', 'b']) listing.ends(name);
    expect(looks(count, listing, 100).at(-1)).toBe(3);
  });

  it.each([
    ['lists nobody', []],
    ['cannot be asked', undefined],
  ] as const)('is this one, after a while, when the server %s', (_how, listed) => {
    const count = new FleetCount('me');
    const counts = Array.from({ length: 20 }, () => {
      count.look(listed);
      return count.count;
    });
    expect(counts.indexOf(1)).toBe(14);
    expect(count.isListed).toBe(false);
  });

  it('never adds up to more than the rate, however workers come', () => {
    const starts = fc.array(fc.nat(30), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(starts, fc.nat(5), (joinAt, lag) => {
        const listing = new Listing();
        const fleet = joinAt.map((at, index) => ({
          at,
          name: `w${index}`,
          count: new FleetCount(`w${index}`),
        }));
        for (let time = 0; time < 60; time += 1) {
          for (const worker of fleet) {
            // A worker looks before the server lists it.
            if (time === worker.at + lag) listing.joins(worker.name);
            if (time >= worker.at) worker.count.look(listing.next());
          }
          const shares = fleet.map(({ count }) => (count.count === 0 ? 0 : 1 / count.count));
          expect(shares.reduce((sum, share) => sum + share, 0)).toBeLessThanOrEqual(1 + 1e-9);
        }
        expect(fleet.map(({ count }) => count.count)).toEqual(fleet.map(() => fleet.length));
      }),
    );
  });
});

function settled(me: string, ...others: string[]): { listing: Listing; count: FleetCount } {
  const listing = new Listing();
  const count = new FleetCount(me);
  for (const name of [me, ...others]) listing.joins(name);
  looks(count, listing, 5);
  return { listing, count };
}

it('names each worker differently, also in one process', () => {
  expect(uniqueIdentity()).toMatch(/^\d+@.+#[\da-f]{8}$/);
  expect(new Set(Array.from({ length: 100 }, uniqueIdentity)).size).toBe(100);
});

it.each([
  [0.1, 5],
  [20, 40],
  [9_999, 500],
])('runs few activities at once where a rate of %d is set: %d', (rate, slots) => {
  expect(activitySlots(rate)).toBe(slots);
});
