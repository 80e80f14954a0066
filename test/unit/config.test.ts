import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError, loadWorkerConfig, taskQueueIn } from '../../src/config.js';

const SECRET = 's3cret-Of-Ours';

let folder: string;
/** A good environment, in which nothing of this machine counts. */
let good: NodeJS.ProcessEnv;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'config-'));
  good = {
    TEMPORAL_CONFIG_FILE: fileWith('temporal.toml', '[profile.default]\n'),
    MARKETPLACE_PORTAL_URL: 'https://customers.staging.gitlab.com',
    MARKETPLACE_CLIENT_ID: 'client-of-ours',
    MARKETPLACE_CLIENT_SECRET: SECRET,
  };
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function fileWith(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

function withSecretFile(file: string, changes: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { MARKETPLACE_CLIENT_SECRET: _other, ...rest } = good;
  return { ...rest, MARKETPLACE_CLIENT_SECRET_FILE: file, ...changes };
}

function refusal(env: NodeJS.ProcessEnv): ConfigError {
  try {
    loadWorkerConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  return expect.unreachable('it should have been refused');
}

/** Told so that two can be compared. */
function loaded(env: NodeJS.ProcessEnv) {
  const { partners, ...rest } = loadWorkerConfig(env);
  return { ...rest, credentials: partners.credentialsOf('any') };
}

const mistakesIn = (changes: NodeJS.ProcessEnv) => refusal({ ...good, ...changes }).mistakes;

describe("a worker's configuration", () => {
  it('is what the environment says, with defaults', () => {
    expect(loaded(good)).toEqual({
      temporal: { connectionOptions: { address: 'localhost:7233' }, namespace: 'default' },
      taskQueue: 'marketplace-purchases',
      portalUrl: 'https://customers.staging.gitlab.com',
      credentials: { clientId: 'client-of-ours', clientSecret: SECRET },
    });
  });

  it('takes another task queue, and Temporal where it is', () => {
    const config = loadWorkerConfig({
      ...good,
      MARKETPLACE_TASK_QUEUE: 'another',
      TEMPORAL_ADDRESS: 'temporal:7233',
      TEMPORAL_NAMESPACE: 'sales',
    });
    expect(config).toMatchObject({
      taskQueue: 'another',
      temporal: { connectionOptions: { address: 'temporal:7233' }, namespace: 'sales' },
    });
  });

  it('takes the keys that customer data is encrypted with', () => {
    const MARKETPLACE_CODEC_KEYS = JSON.stringify({
      keys: [{ id: '2026-11', key: Buffer.alloc(32, 1).toString('base64') }],
    });
    expect(loadWorkerConfig({ ...good, MARKETPLACE_CODEC_KEYS }).keys?.ids).toEqual(['2026-11']);
    expect(loadWorkerConfig(good)).not.toHaveProperty('keys');
  });

  it('cannot be changed', () => {
    expect(Object.isFrozen(loadWorkerConfig(good))).toBe(true);
  });

  it.each([
    'MARKETPLACE_TASK_QUEUE',
    'MARKETPLACE_CLIENT_SECRET_FILE',
    'MARKETPLACE_PARTNERS_FILE',
    'MARKETPLACE_PORTAL_RATE',
    'MARKETPLACE_CODEC_KEYS_FILE',
    'MARKETPLACE_CODEC_KEYS',
    'MARKETPLACE_METRICS_ADDRESS',
    'TEMPORAL_ADDRESS',
    'TEMPORAL_TLS',
  ])('takes an empty %s for none, as Docker Compose hands on an unset one', (name) => {
    expect(loaded({ ...good, [name]: '' })).toEqual(loaded(good));
  });

  it('takes the secret of a file where the secret itself is empty', () => {
    const env = withSecretFile(fileWith('secret', SECRET), { MARKETPLACE_CLIENT_SECRET: '' });
    expect(loaded(env)).toEqual(loaded(good));
  });

  it('ignores what is not its own', () => {
    expect(loaded({ ...good, MARKETPLACE: 'x', PATH: '/bin' })).toEqual(loaded(good));
  });
});

describe('the client secret in a file', () => {
  it.each([
    ['as it is', SECRET],
    ['with the end of line that editors add', `${SECRET}\n`],
    ["with Windows' end of line", `${SECRET}\r\n`],
  ])('is read %s', (_how, text) => {
    const config = loadWorkerConfig(withSecretFile(fileWith('secret', text)));
    expect(config.partners.credentialsOf('any')?.clientSecret).toBe(SECRET);
  });

  it.each([
    ['a space', `${SECRET} `],
    ['a space before it', ` ${SECRET}`],
    ['two ends of line', `${SECRET}\n\n`],
    ['a byte order mark', `\uFEFF${SECRET}`],
  ])('may not have %s', (_what, text) => {
    const { message, mistakes } = refusal(withSecretFile(fileWith('spaces', text)));
    expect(mistakes).toEqual([
      expect.stringMatching(/^MARKETPLACE_CLIENT_SECRET starts or ends with a space/),
    ]);
    expect(message).not.toContain(SECRET);
  });

  it('may not be empty', () => {
    expect(refusal(withSecretFile(fileWith('empty', '\n'))).mistakes).toEqual([
      expect.stringMatching(/^MARKETPLACE_CLIENT_SECRET is blank/),
    ]);
  });

  it('must be there: that is one mistake', () => {
    expect(refusal(withSecretFile(join(folder, 'nowhere'))).mistakes).toEqual([
      'MARKETPLACE_CLIENT_SECRET_FILE cannot be read (ENOENT)',
    ]);
  });

  it('must be a file: that is one mistake', () => {
    const directory = join(folder, 'directory');
    mkdirSync(directory);
    expect(refusal(withSecretFile(directory)).mistakes).toEqual([
      'MARKETPLACE_CLIENT_SECRET_FILE cannot be read (EISDIR)',
    ]);
  });

  it('and the secret itself may not both be set', () => {
    const file = fileWith('secret', 'another-secret');
    const { message, mistakes } = refusal({ ...good, MARKETPLACE_CLIENT_SECRET_FILE: file });
    expect(mistakes).toEqual([
      'MARKETPLACE_CLIENT_SECRET and MARKETPLACE_CLIENT_SECRET_FILE are both set: keep one',
    ]);
    expect(message).not.toMatch(/another-secret|s3cret/);
  });
});

describe('a mistake', () => {
  const REQUIRED = ['MARKETPLACE_PORTAL_URL', 'MARKETPLACE_CLIENT_ID', 'MARKETPLACE_CLIENT_SECRET'];

  it.each(REQUIRED)('is %s not set', (name) => {
    expect(mistakesIn({ [name]: undefined })).toEqual([expect.stringMatching(`^${name} is not set: the .+`)]);
  });

  it.each([...REQUIRED, 'MARKETPLACE_TASK_QUEUE'])('is a space around %s', (name) => {
    for (const value of [
      `${good[name] ?? 'queue'} `,
      ` ${good[name] ?? 'queue'}`,
      `${good[name] ?? 'queue'}\n`,
    ]) {
      expect(mistakesIn({ [name]: value })).toEqual([
        expect.stringMatching(`^${name} starts or ends with a space`),
      ]);
    }
  });

  it.each(REQUIRED)('is %s empty, which counts as not set', (name) => {
    expect(mistakesIn({ [name]: '' })).toEqual([expect.stringMatching(`^${name} is not set: the .+`)]);
  });

  it.each([...REQUIRED, 'MARKETPLACE_TASK_QUEUE'])('is %s blank', (name) => {
    expect(mistakesIn({ [name]: ' \t' })).toEqual([expect.stringMatching(`^${name} is blank: the .+`)]);
  });

  it.each(['customers.gitlab.com', 'https://', 'not a url', '/portal'])('is %j as the URL', (url) => {
    expect(mistakesIn({ MARKETPLACE_PORTAL_URL: url })).toEqual([
      expect.stringMatching(/^MARKETPLACE_PORTAL_URL /),
    ]);
  });

  // What the portal's client would refuse later, with another error and after the other mistakes were mended.
  it.each([
    'ftp://customers.gitlab.com',
    'http://customers.gitlab.com',
    'https://ada:hunter2@customers.gitlab.com',
    'https://customers.gitlab.com/?a=1',
    'localhost:8080',
  ])('is %s as the URL, which the client of the portal does not take', (url) => {
    const { message, mistakes } = refusal({ ...good, MARKETPLACE_PORTAL_URL: url });
    expect(mistakes).toEqual([expect.stringMatching(/^MARKETPLACE_PORTAL_URL /)]);
    expect(message).not.toContain('hunter2');
  });

  it.each([
    ['MARKETPLACE_PORTAL_RATE', ['0', '-1', 'x', '1e3', '10/s', '1234567']],
    ['MARKETPLACE_METRICS_ADDRESS', ['9464', ':9464', 'http://localhost:9464', 'localhost:x']],
    ['MARKETPLACE_HEALTH_ADDRESS', ['8081', ':8081', '::1:8081']],
    ['MARKETPLACE_BUILD_ID', ['a b', 'x'.repeat(101)]],
  ])('is %s with a value like %j', (name, values) => {
    for (const value of values) {
      expect(mistakesIn({ [name]: value })).toEqual([expect.stringMatching(new RegExp(`^${name} `))]);
    }
  });

  it("is one of Temporal's settings", () => {
    expect(mistakesIn({ TEMPORAL_TLS: 'yes' })).toEqual([expect.stringMatching(/^TEMPORAL_TLS is "yes"/)]);
  });

  it('is told with all others, in one message', () => {
    const { message, mistakes } = refusal({
      TEMPORAL_CONFIG_FILE: good['TEMPORAL_CONFIG_FILE'],
      TEMPORAL_TLS: 'yes',
      MARKETPLACE_PORTAL_RATE: '5/s',
      MARKETPLACE_CODEC_KEYS: '{"keys":[]}',
      MARKETPLACE_PORTAL_URL: 'customers.gitlab.com',
      MARKETPLACE_CLIENT_SECRET: ` ${SECRET}`,
      MARKETPLACE_TASK_QUEUE: 'queue ',
    });
    expect(mistakes).toHaveLength(7);
    expect(new Set(mistakes.map((mistake) => mistake.split(/[ :]/, 1)[0]))).toEqual(
      new Set([
        'TEMPORAL_TLS',
        'MARKETPLACE_CLIENT_ID',
        'MARKETPLACE_CLIENT_SECRET',
        'MARKETPLACE_CODEC_KEYS',
        'MARKETPLACE_PORTAL_RATE',
        'MARKETPLACE_PORTAL_URL',
        'MARKETPLACE_TASK_QUEUE',
      ]),
    );
    expect(message).toBe(
      `The configuration has 7 mistakes:\n${mistakes.map((mistake) => `  - ${mistake}`).join('\n')}`,
    );
  });

  it('alone is called a mistake', () => {
    expect(refusal({ ...good, MARKETPLACE_CLIENT_ID: undefined }).message).toMatch(
      /^The configuration has a mistake:\n {2}- MARKETPLACE_CLIENT_ID is not set/,
    );
  });
});

describe('a secret', () => {
  it('is in no message, whatever else is wrong', () => {
    const secret = fc.stringMatching(/^[A-Za-z0-9!$%&/()=?+~#-]{12,40}$/);
    const around = fc.constantFrom('', ' ', '\n', '\t');
    const bad: fc.Arbitrary<NodeJS.ProcessEnv> = fc.constantFrom(
      { MARKETPLACE_PORTAL_URL: 'no url' },
      { MARKETPLACE_CLIENT_ID: '' },
      { TEMPORAL_TLS: 'yes' },
      { TEMPORAL_TLS: 'false' },
      { TEMPORAL_TLS_CLIENT_KEY_DATA: 'k3y-data-of-ours' },
    );
    fc.assert(
      fc.property(secret, secret, around, bad, (one, other, space, changes) => {
        const url = changes['MARKETPLACE_PORTAL_URL'] ?? `not://a url with ${other}`;
        const { message, mistakes, stack } = refusal({
          ...good,
          TEMPORAL_API_KEY: other,
          MARKETPLACE_CLIENT_SECRET: `${space}${one}${space}`,
          ...changes,
          MARKETPLACE_PORTAL_URL: url,
        });
        const told = [message, ...mistakes, stack].join('\n');
        expect(told).not.toContain(one);
        expect(told).not.toContain(other);
        expect(told).not.toContain('k3y-data-of-ours');
      }),
    );
  });
});

describe('the task queue of a caller', () => {
  it.each([
    [undefined, 'marketplace-purchases'],
    ['', 'marketplace-purchases'],
    ['  ', 'marketplace-purchases'],
    ['another', 'another'],
  ])('for %j is %s', (MARKETPLACE_TASK_QUEUE, queue) => {
    expect(taskQueueIn({ MARKETPLACE_TASK_QUEUE })).toBe(queue);
  });

  it('is the default in an empty environment', () => {
    expect(taskQueueIn({})).toBe('marketplace-purchases');
  });
});

it('reads what a fleet is told', () => {
  const config = loadWorkerConfig({
    ...good,
    MARKETPLACE_PORTAL_RATE: '0.5',
    MARKETPLACE_METRICS_ADDRESS: '0.0.0.0:9464',
    MARKETPLACE_HEALTH_ADDRESS: '[::1]:8081',
    MARKETPLACE_BUILD_ID: '2026.11.1-ab12',
  });
  expect(config).toMatchObject({
    portalRate: 0.5,
    metricsAddress: '0.0.0.0:9464',
    healthAddress: '[::1]:8081',
    buildId: '2026.11.1-ab12',
  });
});
