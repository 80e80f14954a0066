/** Brings many purchases to steps of their own, so that one kill is a test of them all. */
export class Stage {
  readonly #befores: (() => Promise<void>)[] = [];
  readonly #meanwhiles: (() => Promise<void>)[] = [];

  /**
   * @param before brings a purchase to its step.
   * @param meanwhile what is done about it while what was killed is away.
   * @returns what `before` came to, for the test that looks at what became of it.
   */
  brought<T>(before: () => Promise<T>, meanwhile?: (brought: T) => Promise<void>): () => T {
    let brought: { readonly value: T } | undefined;
    const there = (): T => {
      if (brought === undefined) throw new Error('it did not come to its step');
      return brought.value;
    };
    this.#befores.push(async () => {
      brought = { value: await before() };
    });
    this.#meanwhiles.push(async () => meanwhile?.(there()));
    return there;
  }

  async before(): Promise<void> {
    await Promise.all(this.#befores.map((before) => before()));
  }

  async meanwhile(): Promise<void> {
    await Promise.all(this.#meanwhiles.map((meanwhile) => meanwhile()));
  }
}

/** What a caller is told while nobody looks: kept for the test that looks later. */
export async function kept<T>(
  answer: Promise<T>,
): Promise<{ readonly value: T } | { readonly error: unknown }> {
  try {
    return { value: await answer };
  } catch (error) {
    return { error };
  }
}
