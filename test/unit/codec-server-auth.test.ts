import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { authenticator, type Authenticate } from '../../src/codec/server-auth.js';
import { Refusal } from '../../src/codec/server-refusal.js';
import { AUDIENCE, startIdentityProvider, type IdentityProvider } from '../helpers/identity-provider.js';

// What a provider in trouble is asked, by a clock that the test sets.

let provider: IdentityProvider;
let server: Server;
let fetches: number;
let answer: { readonly status: number; readonly body: string };
let now: number;
let authenticate: Authenticate;

beforeEach(async () => {
  provider = await startIdentityProvider();
  fetches = 0;
  now = 0;
  server = createServer((_request, response) => {
    fetches += 1;
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
  });
  const port = await listen(server);
  const jwksUrl = `http://127.0.0.1:${port}/jwks`;
  const auth = { kind: 'jwt', jwksUrl, issuer: provider.issuer, audience: AUDIENCE } as const;
  authenticate = authenticator(auth, () => now);
});
afterEach(async () => {
  server.close();
  server.closeAllConnections();
  await provider.close();
});

function listen(listening: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    listening.once('error', reject);
    listening.listen(0, '127.0.0.1', () => {
      const address = listening.address();
      if (typeof address === 'object' && address !== null) resolve(address.port);
    });
  });
}

/** Who is let in, or why nobody is. */
async function outcomeOf(token: string): Promise<string> {
  try {
    return await authenticate(`Bearer ${token}`);
  } catch (error) {
    if (error instanceof Refusal) return `${error.status} ${error.reason}`;
    throw error;
  }
}

describe('an identity provider', () => {
  it.each([
    ['that fails', { status: 500, body: '' }],
    ['that answers with something else', { status: 200, body: '<html>' }],
    ['that answers with no keys', { status: 200, body: '{"error":"down"}' }],
  ])('%s is left alone for 5 seconds, and then asked again', async (_what, failure) => {
    answer = failure;
    const token = await provider.token();
    for (let count = 0; count < 5; count += 1) expect(await outcomeOf(token)).toBe('503 no-keys');
    expect(fetches).toBe(1);
    now = 4_999;
    expect(await outcomeOf(token)).toBe('503 no-keys');
    expect(fetches).toBe(1);
    answer = { status: 200, body: JSON.stringify({ keys: [provider.publicKey] }) };
    now = 5_000;
    expect(await outcomeOf(token)).toBe('ada');
    expect(fetches).toBe(2);
  });
});
