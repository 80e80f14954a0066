import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CodecServerConfigError, loadCodecServerConfig } from '../../src/codec/server-config.js';
import { aKey, ringText } from '../helpers/keys.js';

const KEYS = { MARKETPLACE_CODEC_KEYS: ringText(aKey('2026-11', 1)) };
const SECRET = { ...KEYS, MARKETPLACE_CODEC_STATIC_SECRET: 'for-development-only' };
const JWT = {
  ...KEYS,
  MARKETPLACE_CODEC_JWKS_URL: 'https://id.example.com/jwks',
  MARKETPLACE_CODEC_JWT_ISSUER: 'https://id.example.com',
  MARKETPLACE_CODEC_JWT_AUDIENCE: 'marketplace-codec',
};

function mistakesIn(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    loadCodecServerConfig(env);
  } catch (error) {
    if (error instanceof CodecServerConfigError) return error.mistakes;
    throw error;
  }
  return expect.unreachable('it should have been refused');
}

describe("a codec server's configuration", () => {
  it('is what the environment says, on loopback and for one namespace unless told otherwise', () => {
    expect(loadCodecServerConfig(JWT)).toMatchObject({
      host: '127.0.0.1',
      port: 8081,
      auth: {
        kind: 'jwt',
        jwksUrl: 'https://id.example.com/jwks',
        issuer: 'https://id.example.com',
        audience: 'marketplace-codec',
      },
      namespaces: ['default'],
      uiOrigins: [],
    });
    expect(loadCodecServerConfig({ ...JWT, TEMPORAL_NAMESPACE: 'sales' }).namespaces).toEqual(['sales']);
  });

  it('may name another address, namespaces, pages and a claim', () => {
    const config = loadCodecServerConfig({
      ...JWT,
      MARKETPLACE_CODEC_ADDRESS: '[::1]:9090',
      MARKETPLACE_CODEC_NAMESPACES: 'default, sales',
      MARKETPLACE_CODEC_UI_ORIGINS: 'https://temporal.example.com,http://localhost:8233',
      MARKETPLACE_CODEC_JWT_CLAIM: 'groups=a=b',
      MARKETPLACE_CODEC_STATIC_SECRET: '',
    });
    expect(config).toMatchObject({
      host: '::1',
      port: 9090,
      namespaces: ['default', 'sales'],
      uiOrigins: ['https://temporal.example.com', 'http://localhost:8233'],
      auth: { claim: { name: 'groups', value: 'a=b' } },
    });
  });

  it('may be a secret on loopback', () => {
    expect(loadCodecServerConfig({ ...SECRET, MARKETPLACE_CODEC_ADDRESS: 'localhost:1' }).auth).toEqual({
      kind: 'secret',
      secret: 'for-development-only',
    });
  });
});

describe('a codec server does not start', () => {
  it('without anything that says who may read', () => {
    expect(mistakesIn(KEYS)).toEqual([expect.stringMatching(/^MARKETPLACE_CODEC_JWKS_URL is not set/)]);
  });

  it.each(['0.0.0.0:8081', '[::]:8081', 'codec.example.com:8081', '10.0.0.1:8081'])(
    'with a static secret on %s',
    (MARKETPLACE_CODEC_ADDRESS) => {
      expect(mistakesIn({ ...SECRET, MARKETPLACE_CODEC_ADDRESS })).toEqual([
        expect.stringMatching(/^MARKETPLACE_CODEC_STATIC_SECRET is for development.*loopback/),
      ]);
    },
  );

  it.each([
    ['both ways to let people in', { ...JWT, ...SECRET }, /are both set/],
    ['no keys', { ...SECRET, MARKETPLACE_CODEC_KEYS: '' }, /^MARKETPLACE_CODEC_KEYS_FILE is not set/],
    ['a short secret', { ...SECRET, MARKETPLACE_CODEC_STATIC_SECRET: 'hunter2' }, /at least 16 characters/],
    ['no issuer', { ...JWT, MARKETPLACE_CODEC_JWT_ISSUER: '' }, /^MARKETPLACE_CODEC_JWT_ISSUER is not set/],
    [
      'no audience',
      { ...JWT, MARKETPLACE_CODEC_JWT_AUDIENCE: '' },
      /^MARKETPLACE_CODEC_JWT_AUDIENCE is not set/,
    ],
    [
      'keys over http',
      { ...JWT, MARKETPLACE_CODEC_JWKS_URL: 'http://id.example.com/jwks' },
      /must be an https URL/,
    ],
    ['keys nowhere', { ...JWT, MARKETPLACE_CODEC_JWKS_URL: 'jwks' }, /must be an https URL/],
    ['any page', { ...JWT, MARKETPLACE_CODEC_UI_ORIGINS: '*' }, /must be origins/],
    [
      'a page with a path',
      { ...JWT, MARKETPLACE_CODEC_UI_ORIGINS: 'https://ui.example.com/' },
      /must be origins/,
    ],
    ['half a claim', { ...JWT, MARKETPLACE_CODEC_JWT_CLAIM: 'scope' }, /must be claim=value/],
    ['no port', { ...JWT, MARKETPLACE_CODEC_ADDRESS: '127.0.0.1' }, /must be host:port/],
    ['a port too high', { ...JWT, MARKETPLACE_CODEC_ADDRESS: '127.0.0.1:65536' }, /must be host:port/],
  ])('with %s', (_name, env, said) => {
    expect(mistakesIn(env)).toEqual([expect.stringMatching(said)]);
  });

  it('and names all mistakes at once, and no secret', () => {
    const mistakes = mistakesIn({
      MARKETPLACE_CODEC_KEYS: '{"keys":[]}',
      MARKETPLACE_CODEC_STATIC_SECRET: 'hunter2',
      MARKETPLACE_CODEC_ADDRESS: 'nowhere',
    });
    expect(mistakes).toHaveLength(3);
    expect(mistakes.join('\n')).not.toContain('hunter2');
  });

  it('takes the secret for development from a file, too', () => {
    const folder = mkdtempSync(join(tmpdir(), 'codec-secret-'));
    const file = join(folder, 'token');
    try {
      writeFileSync(file, 'for-development-only\n');
      const MARKETPLACE_CODEC_STATIC_SECRET_FILE = file;
      expect(loadCodecServerConfig({ ...KEYS, MARKETPLACE_CODEC_STATIC_SECRET_FILE }).auth).toEqual({
        kind: 'secret',
        secret: 'for-development-only',
      });
      expect(mistakesIn({ ...SECRET, MARKETPLACE_CODEC_STATIC_SECRET_FILE })).toEqual([
        expect.stringMatching('are both set'),
      ]);
      rmSync(file);
      expect(mistakesIn({ ...KEYS, MARKETPLACE_CODEC_STATIC_SECRET_FILE })[0]).toMatch(
        'cannot be read (ENOENT)',
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
