import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { SCOPES } from '../../src/contract/names.js';
import type { TokenClient } from '../../src/portal/rotation.js';
import { type Token, TokenCache } from '../../src/portal/token-cache.js';

const clientOf = (clientId: string): TokenClient => ({
  tradingPartnerId: `partner of ${clientId}`,
  clientId,
});
const [P, Q, R] = [clientOf('P'), clientOf('Q'), clientOf('R')];

/** A source of tokens `1`, `2`, … that live for 100 s and are renewed after 90 s. */
function source() {
  const asked: string[] = [];
  let now = 0;
  const fetch = async ({ clientId }: TokenClient, scope: string): Promise<Token> => {
    asked.push(`${clientId} ${scope}`);
    return { value: String(asked.length), expiresAt: now + 100_000, refreshAt: now + 90_000 };
  };
  const cache = (limit?: number): TokenCache => new TokenCache(fetch, () => now, limit);
  return { asked, cache, fetch, setNow: (value: number) => (now = value) };
}

function gate() {
  const opening = new AbortController();
  return { opened: once(opening.signal, 'abort'), open: () => opening.abort() };
}

describe('TokenCache', () => {
  it('keeps a token until it is time to renew it', async () => {
    const { cache, setNow } = source();
    const tokens = cache();
    const first = await tokens.get(P, SCOPES.read);
    setNow(89_999);
    expect(await tokens.get(P, SCOPES.read)).toBe(first);
    setNow(90_000);
    expect((await tokens.get(P, SCOPES.read)).value).toBe('2');
  });

  it('keeps clients and scopes apart', async () => {
    const { asked, cache } = source();
    const tokens = cache();
    await tokens.get(P, SCOPES.read);
    await tokens.get(P, SCOPES.create);
    await tokens.get(Q, SCOPES.read);
    expect(asked).toEqual([`P ${SCOPES.read}`, `P ${SCOPES.create}`, `Q ${SCOPES.read}`]);
  });

  it('is one for all trading partners of a client', async () => {
    const { asked, cache } = source();
    const tokens = cache();
    const first = await tokens.get(P, SCOPES.read);
    expect(await tokens.get({ ...P, tradingPartnerId: 'another' }, SCOPES.read)).toBe(first);
    expect(asked).toHaveLength(1);
  });

  it('asks once for all who wait', async () => {
    const { asked, cache } = source();
    const tokens = cache();
    await Promise.all(Array.from({ length: 100 }, () => tokens.get(P, SCOPES.read)));
    expect(asked).toHaveLength(1);
  });

  it('forgets a refused token once, and not the one that took its place', async () => {
    const { asked, cache } = source();
    const tokens = cache();
    const refused = await tokens.get(P, SCOPES.read);
    const renewed = await Promise.all(
      Array.from({ length: 100 }, () => {
        tokens.invalidate(P, SCOPES.read, refused);
        return tokens.get(P, SCOPES.read);
      }),
    );
    tokens.invalidate(P, SCOPES.read, refused);
    expect(await tokens.get(P, SCOPES.read)).toBe(renewed[0]);
    expect(asked).toHaveLength(2);
  });

  it('drops the oldest token beyond its limit', async () => {
    const { asked, cache } = source();
    const tokens = cache(2);
    for (const client of [P, Q, R, Q, R, P]) await tokens.get(client, SCOPES.read);
    expect(asked.map((call) => call[0])).toEqual(['P', 'Q', 'R', 'P']);
  });

  it('does not keep a failure', async () => {
    const { fetch } = source();
    const failures = [new Error('down')];
    const tokens = new TokenCache(
      async (client, scope) => {
        const failure = failures.pop();
        if (failure) throw failure;
        return fetch(client, scope);
      },
      () => 0,
    );
    await expect(tokens.get(P, SCOPES.read)).rejects.toThrow('down');
    expect((await tokens.get(P, SCOPES.read)).value).toBe('1');
  });

  it('ends the wait of the caller who aborts, and no other', async () => {
    const { fetch } = source();
    const answer = gate();
    const tokens = new TokenCache(
      async (client, scope) => {
        await answer.opened;
        return fetch(client, scope);
      },
      () => 0,
    );
    const abort = new AbortController();
    const leaving = tokens.get(P, SCOPES.read, abort.signal);
    const staying = tokens.get(P, SCOPES.read, new AbortController().signal);
    const late = tokens.get(P, SCOPES.read, AbortSignal.abort('too late'));
    abort.abort('enough');
    await expect(leaving).rejects.toBe('enough');
    await expect(late).rejects.toBe('too late');
    answer.open();
    expect((await staying).value).toBe('1');
  });

  it('survives a failure that nobody waits for any more', async () => {
    const answer = gate();
    let asked = 0;
    const tokens = new TokenCache(
      async () => {
        asked += 1;
        await answer.opened;
        throw new Error('down');
      },
      () => 0,
    );
    await expect(tokens.get(P, SCOPES.read, AbortSignal.abort('gone'))).rejects.toBe('gone');
    answer.open();
    // Were the rejection unhandled, vitest would fail this run.
    await new Promise(setImmediate);
    await expect(tokens.get(P, SCOPES.read)).rejects.toThrow('down');
    expect(asked).toBe(2);
  });
});
