import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { defaultPayloadConverter } from '@temporalio/common';
import { EncryptionCodec } from '../../src/codec/index.js';
import { auditDestination, createAudit } from '../../src/codec/server-audit.js';
import type { JwtAuth } from '../../src/codec/server-auth.js';
import type { CodecServerConfig } from '../../src/codec/server-config.js';
import { writePayloads } from '../../src/codec/server-payloads.js';
import { startCodecServer, type CodecServer, type CodecServerOptions } from '../../src/codec/server.js';
import {
  AUDIENCE,
  goodClaims,
  signed,
  startIdentityProvider,
  type IdentityProvider,
} from '../helpers/identity-provider.js';
import { aKey, aRing } from '../helpers/keys.js';

const UI = 'https://temporal.example.com';
const KEYS = aRing(aKey('2026-11', 1), aKey('2025-11', 2));
const SECRET_WORDS = 'Ada Lovelace, ada@example.com';

let provider: IdentityProvider;
let encrypted: object;

beforeAll(async () => {
  provider = await startIdentityProvider();
  const payload = defaultPayloadConverter.toPayload(SECRET_WORDS);
  encrypted = writePayloads(await new EncryptionCodec(KEYS).encode([payload]));
});
afterAll(() => provider?.close());

/** A codec server, and what it wrote down. */
class Stage {
  readonly #lines: string[];
  private constructor(
    readonly server: CodecServer,
    lines: string[],
  ) {
    this.#lines = lines;
  }

  static async start(
    changes: Partial<CodecServerConfig> = {},
    options: CodecServerOptions = {},
  ): Promise<Stage> {
    const lines: string[] = [];
    const config: CodecServerConfig = {
      host: '127.0.0.1',
      port: 0,
      keys: KEYS,
      auth: jwtAuth(),
      namespaces: ['default', 'sales'],
      uiOrigins: [UI],
      ...changes,
    };
    const audit = createAudit({ write: (line) => void lines.push(line) });
    return new Stage(await startCodecServer(config, { audit, ...options }), lines);
  }

  async post(
    path: string,
    headers: Record<string, string> = {},
    body: unknown = encrypted,
  ): Promise<Response> {
    return fetch(`${this.server.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-namespace': 'default', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  /** The log, as it is written. */
  get log(): string {
    return this.#lines.join('');
  }

  /** The last line of the log. */
  get lastEntry(): unknown {
    return JSON.parse(this.#lines.at(-1) ?? '{}');
  }
}

function jwtAuth(): JwtAuth {
  return {
    kind: 'jwt',
    jwksUrl: provider.jwksUrl,
    issuer: provider.issuer,
    audience: AUDIENCE,
    claim: { name: 'scope', value: 'marketplace:decode' },
  };
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** What a response says in clear. */
async function clearTextIn(response: Response): Promise<string> {
  const text = await response.text();
  const data = [...text.matchAll(/"data":"([^"]*)"/g)].map(([, base64 = '']) =>
    Buffer.from(base64, 'base64').toString(),
  );
  return [text, ...data].join('\n');
}

describe('a codec server', () => {
  let at: Stage;
  beforeAll(async () => {
    at = await Stage.start();
  });
  afterAll(() => at.server.close());

  describe('with a good token', () => {
    it('decodes, and writes down who asked for what, and nothing of what it said', async () => {
      const token = await provider.token();
      const response = await at.post('/decode', bearer(token));
      expect(response.status).toBe(200);
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(await clearTextIn(response)).toContain(SECRET_WORDS);
      expect(at.lastEntry).toMatchObject({
        audit: {
          operation: 'decode',
          subject: 'ada',
          namespace: 'default',
          payloads: 1,
          keyIds: ['2026-11'],
          outcome: 'done',
          status: 200,
        },
      });
      expect(at.log).not.toContain('Lovelace');
      expect(at.log).not.toContain(token.slice(0, 20));
    });

    it('encodes, and reads that again', async () => {
      const clear = writePayloads([defaultPayloadConverter.toPayload(SECRET_WORDS)]);
      const encoded = await at.post('/encode', bearer(await provider.token()), clear);
      const text = await encoded.text();
      expect(Buffer.from(JSON.parse(text).payloads[0].metadata.encoding, 'base64').toString()).toBe(
        'binary/encrypted',
      );
      const back = await at.post('/decode', bearer(await provider.token()), text);
      expect(await back.json()).toEqual(clear);
    });

    it('leaves what is not encrypted as it is', async () => {
      const clear = writePayloads([defaultPayloadConverter.toPayload('plain')]);
      const response = await at.post('/decode', bearer(await provider.token()), clear);
      expect(await response.json()).toEqual(clear);
    });

    it('takes the namespace from the path, too', async () => {
      const headers = bearer(await provider.token());
      expect((await at.post('/sales/decode', { ...headers, 'x-namespace': '' })).status).toBe(200);
      expect((await at.post('/sales/decode', { ...headers, 'x-namespace': 'sales' })).status).toBe(200);
      expect((await at.post('/sales/decode', { ...headers, 'x-namespace': 'default' })).status).toBe(400);
    });

    it('takes a scope among others, and one in a list', async () => {
      const scope = ['openid', 'marketplace:decode'];
      expect((await at.post('/decode', bearer(await provider.token({ scope })))).status).toBe(200);
    });
  });

  describe('shows nothing, and writes down why, with a token', () => {
    const past = () => Math.floor(Date.now() / 1_000) - 60;
    const tokens: readonly (readonly [string, () => Promise<string>, number, string])[] = [
      ['that has expired', () => provider.token({ exp: past() }), 401, 'expired'],
      ['that never expires', () => provider.token({ exp: undefined }), 401, 'claim-exp'],
      ['that is not good yet', () => provider.token({ nbf: past() + 600 }), 401, 'claim-nbf'],
      ['of another issuer', () => provider.token({ iss: 'https://other.example.com' }), 401, 'claim-iss'],
      ['without an issuer', () => provider.token({ iss: undefined }), 401, 'claim-iss'],
      ['for another audience', () => provider.token({ aud: 'another' }), 401, 'claim-aud'],
      ['of nobody', () => provider.token({ sub: undefined }), 401, 'claim-sub'],
      ['without the scope', () => provider.token({ scope: 'openid' }), 403, 'claim-missing'],
      [
        'with a longer scope',
        () => provider.token({ scope: 'marketplace:decode-not' }),
        403,
        'claim-missing',
      ],
      [
        'that another key signed',
        async () => signed((await generateKeyPair('RS256')).privateKey, goodClaims(provider.issuer)),
        401,
        'bad-token',
      ],
      [
        'of a key that is not published',
        async () =>
          new SignJWT(goodClaims(provider.issuer))
            .setProtectedHeader({ alg: 'RS256', kid: 'k2' })
            .sign((await generateKeyPair('RS256')).privateKey),
        401,
        'bad-token',
      ],
      [
        'that nobody signed (alg none)',
        async () => new UnsecuredJWT(goodClaims(provider.issuer)).encode(),
        401,
        'bad-token',
      ],
      [
        'that is signed with the public key as a shared secret (HS256)',
        async () =>
          new SignJWT(goodClaims(provider.issuer))
            .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
            .sign(Buffer.from(JSON.stringify(provider.publicKey))),
        401,
        'bad-token',
      ],
      ['that is none', async () => 'not.a.token', 401, 'bad-token'],
    ];

    it.each(tokens)('%s', async (_name, token, status, reason) => {
      const made = await token();
      const response = await at.post('/decode', bearer(made));
      expect(response.status).toBe(status);
      if (status === 401) expect(response.headers.get('www-authenticate')).toBe('Bearer');
      const said = await clearTextIn(response);
      expect(said).not.toContain('Lovelace');
      expect(JSON.parse(said)).toEqual({ reason, message: expect.any(String) });
      expect(at.lastEntry).toMatchObject({ audit: { outcome: 'refused', refused: reason, status } });
      // Whom an unverified token names is not known.
      expect(at.lastEntry).not.toHaveProperty('audit.subject');
      expect(at.log).not.toContain(made.slice(0, 20));
    });

    it.each([
      ['at all', {}],
      ['but another kind of credentials', { authorization: 'Basic YWRhOmxvdmVsYWNl' }],
      ['but a bare word', { authorization: 'Bearer' }],
    ])('is none %s', async (_name, headers) => {
      const response = await at.post('/decode', headers);
      expect(response.status).toBe(401);
      expect(await clearTextIn(response)).not.toContain('Lovelace');
      expect(at.lastEntry).toMatchObject({ audit: { refused: 'no-token' } });
    });

    it('does not encode for it either', async () => {
      expect((await at.post('/encode', {})).status).toBe(401);
    });
  });

  describe('refuses', () => {
    it('another namespace', async () => {
      const response = await at.post('/decode', {
        ...bearer(await provider.token()),
        'x-namespace': 'other',
      });
      expect(response.status).toBe(403);
      expect(await clearTextIn(response)).not.toContain('Lovelace');
      expect(at.lastEntry).toMatchObject({
        audit: { subject: 'ada', namespace: 'other', refused: 'namespace', status: 403 },
      });
    });

    it('a request without a namespace', async () => {
      const response = await at.post('/decode', { ...bearer(await provider.token()), 'x-namespace': '' });
      expect(response.status).toBe(400);
    });

    it('too many payloads', async () => {
      const payloads = Array.from({ length: 1_001 }, () => ({}));
      const response = await at.post('/decode', bearer(await provider.token()), { payloads });
      expect(response.status).toBe(413);
      expect(at.lastEntry).toMatchObject({ audit: { refused: 'too-many' } });
    });

    it('too many payloads before it looks at one of them', async () => {
      const payloads = Array.from({ length: 1_001 }, () => 5);
      const response = await at.post('/decode', bearer(await provider.token()), { payloads });
      expect(response.status).toBe(413);
      expect(at.lastEntry).toMatchObject({ audit: { refused: 'too-many' } });
    });

    it('a body that is too large, whether it says so or not', async () => {
      const headers = bearer(await provider.token());
      const large = JSON.stringify({ payloads: [{ data: 'A'.repeat(9 * 1024 * 1024) }] });
      expect((await at.post('/decode', headers, large)).status).toBe(413);
      expect(await statusOfChunked(`${at.server.url}/decode`, headers, large)).toBe(413);
      expect(at.lastEntry).toMatchObject({ audit: { refused: 'too-large' } });
    });

    it('payloads that come to too much once they are inflated', async () => {
      const codec = new EncryptionCodec(KEYS);
      const [zeros] = await codec.encode([{ metadata: {}, data: new Uint8Array(4_000_000) }]);
      const payloads = writePayloads(Array.from({ length: 10 }, () => zeros ?? {}));
      expect(JSON.stringify(payloads).length).toBeLessThan(1_000_000);
      const response = await at.post('/decode', bearer(await provider.token()), payloads);
      expect(response.status).toBe(413);
    });

    it.each([
      ['values', { pad: new Uint8Array(4_000_000) }],
      ['names', { ['n'.repeat(4_000_000)]: new Uint8Array() }],
    ])('payloads whose metadata comes to too much by its %s', async (_what, metadata) => {
      const [large] = await new EncryptionCodec(KEYS).encode([{ metadata }]);
      const payloads = writePayloads(Array.from({ length: 10 }, () => large ?? {}));
      expect(JSON.stringify(payloads).length).toBeLessThan(1_000_000);
      const response = await at.post('/decode', bearer(await provider.token()), payloads);
      expect(response.status).toBe(413);
      expect(at.lastEntry).toMatchObject({ audit: { refused: 'too-large' } });
    });

    it.each([
      ['no JSON', 'Lovelace'],
      ['a list', '[]'],
      ['a number for a payload', '{"payloads":[5]}'],
      ['data that is no base64', '{"payloads":[{"data":"Lovelace!"}]}'],
    ])('a body that is %s', async (_name, body) => {
      const response = await at.post('/decode', bearer(await provider.token()), body);
      expect(response.status).toBe(400);
      expect(await response.text()).not.toContain('Lovelace');
      expect(at.log).not.toContain('Lovelace');
    });

    it('a payload of an unknown key, and says which', async () => {
      const codec = new EncryptionCodec(aRing(aKey('2024-11', 3)));
      const foreign = writePayloads(await codec.encode([defaultPayloadConverter.toPayload('x')]));
      const response = await at.post('/decode', bearer(await provider.token()), foreign);
      expect(response.status).toBe(422);
      expect(await response.json()).toMatchObject({
        reason: 'UnknownKeyError',
        message: expect.stringContaining('2024-11'),
      });
      expect(at.lastEntry).toMatchObject({ audit: { keyIds: ['2024-11'], refused: 'UnknownKeyError' } });
    });

    it('anything but POST to /encode and /decode', async () => {
      expect((await fetch(`${at.server.url}/decode`)).status).toBe(404);
      expect((await at.post('/', bearer(await provider.token()))).status).toBe(404);
    });
  });

  describe('asked by a page', () => {
    const preflight = (origin: string) =>
      fetch(`${at.server.url}/decode`, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,authorization-extras,content-type,x-namespace',
        },
      });

    it('of the Web UI lets it send all it sends', async () => {
      const { headers } = await preflight(UI);
      expect(headers.get('access-control-allow-origin')).toBe(UI);
      expect(headers.get('access-control-allow-methods')).toBe('POST');
      const allowed = headers.get('access-control-allow-headers')?.toLowerCase().split(/, ?/).toSorted();
      expect(allowed).toEqual(['authorization', 'authorization-extras', 'content-type', 'x-namespace']);
    });

    it('of the Web UI answers so that the page can read it, refusals too', async () => {
      const good = await at.post('/decode', { ...bearer(await provider.token()), origin: UI });
      const refused = await at.post('/decode', { origin: UI });
      expect([good.status, refused.status]).toEqual([200, 401]);
      for (const { headers } of [good, refused]) expect(headers.get('access-control-allow-origin')).toBe(UI);
    });

    it.each(['https://evil.example.com', 'http://temporal.example.com', `${UI}.evil.com`, 'null'])(
      'of %s says nothing, even with a good token',
      async (origin) => {
        expect((await preflight(origin)).headers.get('access-control-allow-origin')).toBeNull();
        const response = await at.post('/decode', { ...bearer(await provider.token()), origin });
        expect(response.status).toBe(403);
        expect(response.headers.get('access-control-allow-origin')).toBeNull();
        expect(await clearTextIn(response)).not.toContain('Lovelace');
        expect(at.lastEntry).toMatchObject({ audit: { origin, refused: 'origin' } });
      },
    );
  });
});

describe('a codec server that is asked often', () => {
  it('lets each subject ask so often, and others all the same', async () => {
    const at = await Stage.start({}, { rate: { burst: 3, perSecond: 0 } });
    try {
      const ada = bearer(await provider.token());
      const statuses: number[] = [];
      for (let count = 0; count < 4; count += 1) statuses.push((await at.post('/decode', ada)).status);
      expect(statuses).toEqual([200, 200, 200, 429]);
      expect(at.lastEntry).toMatchObject({ audit: { subject: 'ada', refused: 'rate', status: 429 } });
      const grace = bearer(await provider.token({ sub: 'grace' }));
      expect((await at.post('/decode', grace)).status).toBe(200);
    } finally {
      await at.server.close();
    }
  });
});

describe('a codec server whose identity provider is away', () => {
  it('shows nothing, and does not blame the token', async () => {
    const gone = await startIdentityProvider();
    const auth = { ...jwtAuth(), jwksUrl: gone.jwksUrl, issuer: gone.issuer };
    const token = await gone.token();
    await gone.close();
    const at = await Stage.start({ auth });
    try {
      const response = await at.post('/decode', bearer(token));
      expect(response.status).toBe(503);
      expect(at.lastEntry).toMatchObject({ audit: { refused: 'no-keys' } });
    } finally {
      await at.server.close();
    }
  });
});

describe('a codec server whose audit log cannot be written', () => {
  let folder: string;
  let reader: number;
  let writer: number;
  let at: Stage;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'codec-audit-'));
    const pipe = join(folder, 'pipe');
    execFileSync('sh', ['-c', 'mkfifo "$0"', pipe]);
    reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    writer = openSync(pipe, 'w');
    at = await Stage.start({}, { audit: createAudit(auditDestination(writer)) });
  });
  afterEach(async () => {
    await at.server.close();
    closeSync(writer);
    rmSync(folder, { recursive: true, force: true });
  });

  it('shows nothing, from the first request that is not written down', async () => {
    const token = bearer(await provider.token());
    const written = await at.post('/decode', token);
    expect(await clearTextIn(written)).toContain(SECRET_WORDS);
    closeSync(reader);
    for (let count = 0; count < 3; count += 1) {
      const response = await at.post('/decode', token);
      expect(response.status).toBe(500);
      expect(await clearTextIn(response)).not.toContain('Lovelace');
    }
  });
});

describe('a codec server with a static secret', () => {
  const secret = 'for-development-only';
  let at: Stage;
  beforeEach(async () => {
    at = await Stage.start({ auth: { kind: 'secret', secret } });
  });
  afterEach(() => at.server.close());

  it('lets in who knows it, and nobody else', async () => {
    expect((await at.post('/decode', bearer(secret))).status).toBe(200);
    expect(at.lastEntry).toMatchObject({ audit: { subject: 'static-secret' } });
    for (const wrong of [`${secret}x`, secret.slice(1), 'x', await provider.token()]) {
      expect((await at.post('/decode', bearer(wrong))).status).toBe(401);
    }
    expect((await at.post('/decode')).status).toBe(401);
    expect(at.log).not.toContain(secret);
  });
});

/** The status of a request whose body comes in chunks, its length not told. */
function statusOfChunked(url: string, headers: Record<string, string>, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      { method: 'POST', headers: { ...headers, 'x-namespace': 'default' } },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      },
    );
    sent.once('error', reject);
    for (let at = 0; at < body.length; at += 65_536) sent.write(body.slice(at, at + 65_536));
    sent.end();
  });
}
