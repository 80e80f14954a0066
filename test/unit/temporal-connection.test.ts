import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TemporalConfigError, loadTemporalConfig } from '../../src/temporal/index.js';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'temporal-connection-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function load(env: NodeJS.ProcessEnv, toml = '[profile.default]\n') {
  const file = join(folder, 'temporal.toml');
  writeFileSync(file, toml);
  return loadTemporalConfig({ TEMPORAL_CONFIG_FILE: file, ...env });
}

function refusal(env: NodeJS.ProcessEnv, toml?: string): string {
  try {
    load(env, toml);
  } catch (error) {
    if (error instanceof TemporalConfigError) return error.message;
    throw error;
  }
  return expect.unreachable('it should have been refused');
}

describe('what is accepted', () => {
  it('is a local server by default, also when variables are empty', () => {
    const local = { connectionOptions: { address: 'localhost:7233' }, namespace: 'default' };
    expect(load({})).toEqual(local);
    expect(
      load({ TEMPORAL_ADDRESS: '', TEMPORAL_NAMESPACE: '', TEMPORAL_API_KEY: '', TEMPORAL_TLS: '' }),
    ).toEqual(local);
  });

  it('is an API key, with TLS on by itself', () => {
    expect(
      load({ TEMPORAL_ADDRESS: 'cloud:7233', TEMPORAL_NAMESPACE: 'n.a', TEMPORAL_API_KEY: 'k' }),
    ).toEqual({
      connectionOptions: { address: 'cloud:7233', apiKey: 'k', tls: true },
      namespace: 'n.a',
    });
  });

  it('is a profile, with variables over it', () => {
    const toml = '[profile.prod]\naddress = "a:1"\nnamespace = "n"\n[profile.prod.grpc_meta]\nteam = "x"\n';
    expect(load({ TEMPORAL_PROFILE: 'prod', TEMPORAL_NAMESPACE: 'other' }, toml)).toEqual({
      connectionOptions: { address: 'a:1', metadata: { team: 'x' } },
      namespace: 'other',
    });
  });

  it.each(['false', '0'])('is TEMPORAL_TLS=%s without an API key', (TEMPORAL_TLS) => {
    expect(load({ TEMPORAL_TLS }).connectionOptions.tls).toBe(false);
  });

  it.each(['true', '1'])('is TEMPORAL_TLS=%s with one', (TEMPORAL_TLS) => {
    expect(load({ TEMPORAL_TLS, TEMPORAL_API_KEY: 'k' }).connectionOptions.tls).toBeTypeOf('object');
  });
});

describe('what is refused', () => {
  it.each(['True', 'TRUE', 'yes', 'on', 'False', ' '])('TEMPORAL_TLS=%s', (TEMPORAL_TLS) => {
    expect(refusal({ TEMPORAL_TLS })).toContain(`TEMPORAL_TLS is "${TEMPORAL_TLS}"`);
  });

  it('an API key with TLS off, from variables or a profile', () => {
    const TEMPORAL_API_KEY = 'secret-key';
    const messages = [
      refusal({ TEMPORAL_API_KEY, TEMPORAL_TLS: 'false' }),
      refusal({ TEMPORAL_API_KEY, TEMPORAL_TLS: '0', TEMPORAL_ADDRESS: '10.0.0.1:7233' }),
      refusal({ TEMPORAL_API_KEY }, '[profile.default.tls]\ndisabled = true\n'),
      refusal({ TEMPORAL_TLS: 'false' }, `[profile.default]\napi_key = "${TEMPORAL_API_KEY}"\n`),
    ];
    for (const message of messages) {
      expect(message).toContain('would send the API key in clear');
      expect(message).not.toContain(TEMPORAL_API_KEY);
    }
  });

  it('a profile that is not there, by its name', () => {
    expect(refusal({ TEMPORAL_PROFILE: 'prod' })).toMatch(/^TEMPORAL_PROFILE is "prod".* no such profile/);
  });

  it('half of a client certificate', () => {
    expect(refusal({ TEMPORAL_TLS_CLIENT_CERT_DATA: 'x' })).toContain('Set TEMPORAL_TLS_CLIENT_KEY_PATH');
    expect(refusal({ TEMPORAL_TLS_CLIENT_KEY_DATA: 'x' })).toContain('Set TEMPORAL_TLS_CLIENT_CERT_PATH');
  });

  it('a certificate file that is not there, by its path', () => {
    const path = join(folder, 'none.pem');
    expect(refusal({ TEMPORAL_TLS_CLIENT_CERT_PATH: path, TEMPORAL_TLS_CLIENT_KEY_PATH: path })).toContain(
      path,
    );
  });

  it('a file without any profile', () => {
    expect(refusal({}, '')).toContain('has no [profile.…] section');
  });

  it('a broken file, without quoting it', () => {
    const message = refusal({}, '[profile.default]\napi_key = secret-key\n');
    expect(message).toContain('temporal.toml');
    expect(message).not.toContain('secret-key');
  });
});
