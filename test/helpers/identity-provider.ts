import { createServer } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from 'jose';

/** An identity provider on loopback: it signs tokens and publishes its keys. */
export interface IdentityProvider {
  readonly issuer: string;
  readonly jwksUrl: string;
  /** The public key, as it is published. */
  readonly publicKey: object;
  /** A good token for `ada`, with these changes of its claims; `undefined` leaves one out. */
  token(claims?: Readonly<Record<string, unknown>>): Promise<string>;
  close(): Promise<void>;
}

export const AUDIENCE = 'marketplace-codec';

export async function startIdentityProvider(): Promise<IdentityProvider> {
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' };
  const server = createServer((request, response) => {
    response.writeHead(request.url === '/jwks' ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ keys: [jwk] }));
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (typeof address === 'object' && address !== null) resolve(address.port);
    });
  });
  const issuer = `http://127.0.0.1:${port}`;
  return {
    issuer,
    jwksUrl: `${issuer}/jwks`,
    publicKey: jwk,
    token: (changes = {}) => {
      const claims = Object.entries({ ...goodClaims(issuer), ...changes });
      return signed(privateKey, Object.fromEntries(claims.filter(([, claim]) => claim !== undefined)));
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** What a token says that is let in. */
export function goodClaims(issuer: string): JWTPayload {
  const now = Math.floor(Date.now() / 1_000);
  return {
    iss: issuer,
    aud: AUDIENCE,
    sub: 'ada',
    iat: now,
    exp: now + 600,
    scope: 'openid marketplace:decode',
  };
}

/** A token with these claims, signed like the provider's. */
export async function signed(key: CryptoKey, claims: JWTPayload): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'k1' }).sign(key);
}
