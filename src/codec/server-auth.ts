import { createHash, timingSafeEqual } from 'node:crypto';
import {
  createRemoteJWKSet,
  customFetch,
  errors,
  jwtVerify,
  type FetchImplementation,
  type JWTPayload,
  type JWTVerifyGetKey,
} from 'jose';
import { Refusal } from './server-refusal.js';

/** Who is let in by a token of an identity provider. */
export interface JwtAuth {
  readonly kind: 'jwt';
  /** Where the provider publishes its keys. */
  readonly jwksUrl: string;
  readonly issuer: string;
  readonly audience: string;
  /** What the token must say besides: a claim that is this text, has it among its words, or in its list. */
  readonly claim?: { readonly name: string; readonly value: string };
}

/** Who is let in by knowing a secret: for development, on this machine only. */
export interface SecretAuth {
  readonly kind: 'secret';
  readonly secret: string;
}

export type Auth = JwtAuth | SecretAuth;

/**
 * Finds out who sends an `Authorization` header.
 *
 * @throws Refusal when it is nobody who may read.
 */
export type Authenticate = (authorization: string | undefined) => Promise<string>;

/** Signatures that only the holder of a private key can make: `none` and shared secrets are not among them. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

/** How far clocks may be apart. */
const CLOCK_TOLERANCE = '5s';

/** How long the provider's keys are not asked for again after it did not give them, in milliseconds. */
const FETCH_PAUSE_MS = 5_000;

/** Says what time it is, in milliseconds from any start; it never goes back. */
type Clock = () => number;

export function authenticator(auth: Auth, clock: Clock = () => performance.now()): Authenticate {
  return auth.kind === 'secret' ? bySecret(auth.secret) : byJwt(auth, clock);
}

function bySecret(secret: string): Authenticate {
  const expected = digest(secret);
  return async (authorization) => {
    // Digests are of one length, so that comparing takes the same time whatever comes.
    if (timingSafeEqual(digest(tokenIn(authorization)), expected)) return 'static-secret';
    throw new Refusal(401, 'wrong-secret', 'the secret is not the one of this codec server');
  };
}

function byJwt(auth: JwtAuth, clock: Clock): Authenticate {
  const keys = createRemoteJWKSet(new URL(auth.jwksUrl), { [customFetch]: pausingFetch(clock) });
  return async (authorization) => {
    const claims = await verified(tokenIn(authorization), keys, auth);
    if (auth.claim !== undefined && !hasClaim(claims, auth.claim)) {
      const wanted = `${auth.claim.name}=${auth.claim.value}`;
      throw new Refusal(403, 'claim-missing', `the token does not say ${wanted}: ask for that permission`);
    }
    return claims.sub ?? 'unnamed';
  };
}

/**
 * Fetches, and not again for a while. jose pauses for 30 seconds by itself when it was given keys, and not at all when
 * it was given none: every token, good or bad, would then be a request to a provider that is in trouble.
 */
function pausingFetch(clock: Clock): FetchImplementation {
  let pausedUntil = Number.NEGATIVE_INFINITY;
  return async (url, options) => {
    if (clock() < pausedUntil) throw new Error('the keys were asked for a moment ago');
    try {
      return await fetch(url, options);
    } finally {
      pausedUntil = clock() + FETCH_PAUSE_MS;
    }
  };
}

async function verified(
  token: string,
  keys: JWTVerifyGetKey,
  { issuer, audience }: JwtAuth,
): Promise<JWTPayload> {
  const expected = { issuer, audience, algorithms: ALGORITHMS, clockTolerance: CLOCK_TOLERANCE };
  try {
    const { payload } = await jwtVerify(token, keys, { ...expected, requiredClaims: ['exp', 'sub'] });
    return payload;
  } catch (error) {
    throw refusalFor(error);
  }
}

/** jose's own messages do not repeat the token; its codes are what to count. */
function refusalFor(error: unknown): Refusal {
  if (error instanceof errors.JWTExpired)
    return new Refusal(401, 'expired', 'the token has expired: sign in again');
  if (error instanceof errors.JWTClaimValidationFailed) {
    const claim = error.claim.replaceAll(/[^\w-]/g, '');
    return new Refusal(401, `claim-${claim}`, `the token is not for this codec server (its "${claim}")`);
  }
  if (error instanceof errors.JOSEError && BAD_TOKENS.has(error.code))
    return new Refusal(401, 'bad-token', 'the token is none that this codec server trusts');
  return new Refusal(503, 'no-keys', 'the keys of the identity provider cannot be fetched: try again later');
}

/** What is wrong with a token, rather than with the way to the provider's keys. */
const BAD_TOKENS: ReadonlySet<string> = new Set([
  errors.JOSEAlgNotAllowed.code,
  errors.JOSENotSupported.code,
  errors.JWKSMultipleMatchingKeys.code,
  errors.JWKSNoMatchingKey.code,
  errors.JWSInvalid.code,
  errors.JWSSignatureVerificationFailed.code,
  errors.JWTInvalid.code,
]);

function tokenIn(authorization: string | undefined): string {
  const [, token] = /^Bearer +(\S+)$/i.exec(authorization ?? '') ?? [];
  if (token !== undefined) return token;
  throw new Refusal(401, 'no-token', 'no bearer token came with the request: sign in, or pass --codec-auth');
}

function hasClaim(claims: JWTPayload, { name, value }: { name: string; value: string }): boolean {
  const claim = claims[name];
  if (Array.isArray(claim)) return claim.includes(value);
  return typeof claim === 'string' && (claim === value || claim.split(' ').includes(value));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
