/** How often one subject may ask. */
export interface Rate {
  /** How many requests at once. */
  readonly burst: number;
  /** How many are given back a second. */
  readonly perSecond: number;
}

interface Bucket {
  readonly tokens: number;
  readonly at: number;
}

/** So many subjects are remembered; who asked longest ago is forgotten first. */
const MOST_SUBJECTS = 10_000;

/** A token bucket for each subject. */
export class RateLimit {
  readonly #buckets = new Map<string, Bucket>();

  /** @param now the time in milliseconds. */
  constructor(
    private readonly rate: Rate,
    private readonly now: () => number = Date.now,
  ) {}

  /** Whether a subject may ask once more, which it then has. */
  take(subject: string): boolean {
    const at = this.now();
    const { burst, perSecond } = this.rate;
    const before = this.#buckets.get(subject) ?? { tokens: burst, at };
    const refilled = Math.min(burst, before.tokens + (Math.max(0, at - before.at) / 1_000) * perSecond);
    const isAllowed = refilled >= 1;
    this.#remember(subject, { tokens: isAllowed ? refilled - 1 : refilled, at });
    return isAllowed;
  }

  get size(): number {
    return this.#buckets.size;
  }

  #remember(subject: string, bucket: Bucket): void {
    this.#buckets.delete(subject);
    this.#buckets.set(subject, bucket);
    if (this.#buckets.size <= MOST_SUBJECTS) return;
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}
