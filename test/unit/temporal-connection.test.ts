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

describe('an authorization header without TLS', () => {
  const TEMPORAL_GRPC_META_AUTHORIZATION = 'Bearer secret-token';
  const IN_PROFILE = `[profile.default.grpc_meta]\nAuthorization = "${TEMPORAL_GRPC_META_AUTHORIZATION}"\n`;

  it.each(['temporal:7233', '10.0.0.1:7233', '127.0.0.1.example.com:7233', 'localhost.example.com'])(
    'is refused to %s',
    (TEMPORAL_ADDRESS) => {
      const messages = [
        refusal({ TEMPORAL_ADDRESS, TEMPORAL_GRPC_META_AUTHORIZATION }),
        refusal({ TEMPORAL_ADDRESS, TEMPORAL_GRPC_META_AUTHORIZATION, TEMPORAL_TLS: 'false' }),
        refusal({ TEMPORAL_ADDRESS }, IN_PROFILE),
        refusal({ TEMPORAL_ADDRESS }, `${IN_PROFILE}[profile.default.tls]\ndisabled = true\n`),
      ];
      for (const message of messages) {
        expect(message).toContain(
          'header "authorization" (TEMPORAL_GRPC_META_… or the profile\'s grpc_meta)',
        );
        expect(message).toContain('would be sent in clear');
        expect(message).not.toContain('secret-token');
      }
    },
  );

  it.each(['', 'localhost:7233', '127.0.0.1:7233', '127.8.8.8', '[::1]:7233'])(
    'may go to this machine: "%s"',
    (TEMPORAL_ADDRESS) => {
      const { connectionOptions } = load({ TEMPORAL_ADDRESS, TEMPORAL_GRPC_META_AUTHORIZATION });
      expect(connectionOptions.metadata).toEqual({ authorization: TEMPORAL_GRPC_META_AUTHORIZATION });
    },
  );

  it('may go anywhere with TLS, and other headers without', () => {
    const TEMPORAL_ADDRESS = 'temporal:7233';
    const withTls = load({ TEMPORAL_ADDRESS, TEMPORAL_GRPC_META_AUTHORIZATION, TEMPORAL_TLS: 'true' });
    expect(withTls.connectionOptions.metadata).toHaveProperty('authorization');
    const other = load({ TEMPORAL_ADDRESS, TEMPORAL_GRPC_META_TEAM: 'x' });
    expect(other.connectionOptions.metadata).toEqual({ team: 'x' });
  });
});

describe('what gRPC cannot send', () => {
  it.each(['secret\n', 'secret\r\nx: y', 'secret-é', 'secret\t', '\u{feff}secret'])(
    'is refused: %j',
    (text) => {
      const quoted = JSON.stringify(text);
      const apiKeys = [
        refusal({ TEMPORAL_API_KEY: text }),
        refusal({}, `[profile.default]\napi_key = ${quoted}\n`),
      ];
      for (const message of apiKeys) {
        expect(message).toMatch(/^The API key \(TEMPORAL_API_KEY .*not printable ASCII/);
      }
      const headers = [
        refusal({ TEMPORAL_GRPC_META_TEAM: text }),
        refusal({}, `[profile.default.grpc_meta]\nteam = ${quoted}\n`),
      ];
      for (const message of headers) {
        expect(message).toMatch(/^The gRPC header "team" .*not printable ASCII/);
      }
      for (const message of [...apiKeys, ...headers]) expect(message).not.toContain('secret');
    },
  );

  it.each(['te am', 'teäm', 'team-bin', 'authorization '])('is a header with the name "%s"', (name) => {
    const message = refusal({}, `[profile.default.grpc_meta]\n"${name}" = "secret"\n`);
    expect(message).toContain(`The gRPC header "${name}"`);
    expect(message).toContain('has a name that gRPC cannot send');
    expect(message).not.toContain('secret');
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
