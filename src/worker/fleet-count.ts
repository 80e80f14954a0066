/** A worker as the Temporal server tells of it. */
export interface ListedWorker {
  /** One a worker and start. */
  readonly key: string;
  readonly identity: string;
  /** Whichever moment it names: another one than before means that the worker lives. */
  readonly heartbeat: string;
  /** Whether it finishes what it has begun, and takes no more. */
  readonly isLeaving: boolean;
}

/** Looks without a new heartbeat after which a worker is gone: killed, or stopped as it should. */
const MISSED_LOOKS = 10;
const MISSED_LOOKS_LEAVING = 3;

/** Looks that find this worker in the list, before it takes its share: the others have looked by then too. */
const SETTLED_LOOKS = 3;

/** Looks after which it takes its share even though the server does not list it. */
const MOST_LOOKS = 15;

interface Known {
  heartbeat: string;
  missed: number;
  /** Whether it finishes what it has begun, or is not listed any more. */
  isLeaving: boolean;
}

/**
 * How many workers there are, from what the server lists again and again. No clock is read: those of the workers'
 * machines may differ. When our own heartbeat is not new either, it is the server that is behind, and nobody is missed.
 */
export class FleetCount {
  readonly #ownIdentity: string;
  /** The other workers, by key. */
  readonly #known = new Map<string, Known>();
  #ownHeartbeat: string | undefined;
  #looks = 0;
  #settled = 0;
  #count = 0;

  constructor(ownIdentity: string) {
    this.#ownIdentity = ownIdentity;
  }

  /** How many share the rate, this worker counted; 0 as long as it takes no share yet. */
  get count(): number {
    return this.#count;
  }

  /** Whether the server lists this worker at all. */
  get isListed(): boolean {
    return this.#settled > 0;
  }

  /** Takes in what was listed; nothing when the server could not be asked. */
  look(listed?: readonly ListedWorker[]): void {
    this.#looks += 1;
    const own = listed?.find(({ identity }) => identity === this.#ownIdentity);
    if (listed !== undefined && own !== undefined) this.#update(listed, own);
    const isSettled = this.#settled >= SETTLED_LOOKS || this.#looks >= MOST_LOOKS;
    // A list without this worker is not to be believed: the server keeps it in memory, and may just have lost it.
    if (isSettled) this.#count = own === undefined ? Math.max(1, this.#count) : 1 + this.#others();
  }

  #update(listed: readonly ListedWorker[], own: ListedWorker): void {
    this.#settled += 1;
    const isToldAnew = own.heartbeat !== this.#ownHeartbeat;
    this.#ownHeartbeat = own.heartbeat;
    const missing = new Set(this.#known.keys());
    for (const { key, heartbeat, isLeaving } of listed) {
      if (key === own.key) continue;
      missing.delete(key);
      const known = this.#known.get(key);
      const isNew = known?.heartbeat !== heartbeat;
      const missed = (isNew ? 0 : (known?.missed ?? 0)) + Number(!isNew && isToldAnew);
      this.#known.set(key, { heartbeat, missed, isLeaving });
    }
    for (const key of missing) this.#miss(key, isToldAnew);
  }

  /** One that is not listed any more has left, or is listed again soon. */
  #miss(key: string, isToldAnew: boolean): void {
    const known = this.#known.get(key);
    if (known === undefined) return;
    const missed = known.missed + Number(isToldAnew);
    if (missed >= MISSED_LOOKS_LEAVING) this.#known.delete(key);
    else this.#known.set(key, { ...known, missed, isLeaving: true });
  }

  #others(): number {
    const isThere = ({ missed, isLeaving }: Known) =>
      missed < (isLeaving ? MISSED_LOOKS_LEAVING : MISSED_LOOKS);
    return [...this.#known.values()].filter(isThere).length;
  }
}
