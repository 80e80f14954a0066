import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError, partnersIn } from '../../src/config.js';
import type { Partners } from '../../src/partners/index.js';
import { PortalUnavailableError } from '../../src/portal/index.js';

let folder: string;
let path: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'partners-'));
  path = join(folder, 'partners.json');
});

beforeEach(() => write('secret', 'from-file'));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

function writePartners(partners: unknown): void {
  write('partners.json', JSON.stringify({ partners }));
}

function open(env: NodeJS.ProcessEnv = {}): Partners {
  return partnersIn({ MARKETPLACE_PARTNERS_FILE: path, ...env });
}

function mistakes(env: NodeJS.ProcessEnv = {}): readonly string[] {
  return refusal(env).mistakes;
}

function refusal(env: NodeJS.ProcessEnv = {}): ConfigError {
  try {
    open(env);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  return expect.unreachable('it should have been refused');
}

const inline = (clientSecret: string, clientId = 'id') => ({ clientId, clientSecret });

describe('a partners file', () => {
  it('has a secret for each, inline, in a file beside it, or in a variable', () => {
    writePartners({
      A: { clientId: 'a', clientSecret: 'inline' },
      B: { clientId: 'b', clientSecretFile: 'secret' },
      C: { clientId: 'c', clientSecretFile: join(folder, 'secret') },
      D: { clientId: 'd', clientSecretEnv: 'SECRET_OF_D' },
    });
    const partners = open({ SECRET_OF_D: 'from-variable' });
    expect(partners.named()).toEqual(['A', 'B', 'C', 'D']);
    expect(['A', 'B', 'C', 'D', 'E'].map(partners.credentialsOf)).toEqual([
      { clientId: 'a', clientSecret: 'inline' },
      { clientId: 'b', clientSecret: 'from-file' },
      { clientId: 'c', clientSecret: 'from-file' },
      { clientId: 'd', clientSecret: 'from-variable' },
      undefined,
    ]);
    expect(partners.problem()).toBeUndefined();
  });

  it.each(['from-file\n', 'from-file\r\n'])('may name a secret file with an end of line, %j', (text) => {
    write('secret', text);
    writePartners({ A: { clientId: 'a', clientSecretFile: 'secret' } });
    expect(open().credentialsOf('A')?.clientSecret).toBe('from-file');
  });

  it('may begin with a byte order mark and have any ends of line', () => {
    write('partners.json', '\uFEFF{\r\n"partners": {"A": {"clientId": "a", "clientSecret": "s"}}\r\n}\r\n');
    expect(open().named()).toEqual(['A']);
  });

  it('has every mistake named at once', () => {
    write('spaces', ' s\n');
    write('blank', '\n');
    writePartners({
      none: { clientId: 'a' },
      two: { clientId: 'a', clientSecret: 'hunter2', clientSecretFile: 'secret' },
      noId: { clientSecret: 'hunter2' },
      number: { clientId: 7, clientSecret: 'hunter2' },
      text: 'hunter2',
      field: { clientId: 'a', clientSecret: 'hunter2', hunter2: 1 },
      ' spaced': inline('hunter2'),
      space: inline(' hunter2'),
      empty: inline(''),
      gone: { clientId: 'g', clientSecretFile: 'hunter2' },
      spaces: { clientId: 's', clientSecretFile: 'spaces' },
      blank: { clientId: 'b', clientSecretFile: 'blank' },
      unset: { clientId: 'u', clientSecretEnv: 'HUNTER2' },
      good: inline('hunter2'),
    });
    const { message, mistakes: found } = refusal();
    const space = 'starts or ends with a space; GitLab names that as a usual mistake';
    expect(found.toSorted()).toEqual(
      [
        '"none": must have exactly one of clientSecret, clientSecretFile, clientSecretEnv',
        '"two": must have exactly one of clientSecret, clientSecretFile, clientSecretEnv',
        '"noId": clientId must be the client ID that GitLab gave you',
        '"number": clientId must be the client ID that GitLab gave you',
        '"text": must be an object',
        '"field": has a field besides clientId and one of clientSecret, clientSecretFile, clientSecretEnv',
        `" spaced": its ID ${space}`,
        `"space": clientSecret ${space}`,
        '"empty": clientSecret is blank',
        '"gone": clientSecretFile cannot be read (ENOENT)',
        `"spaces": clientSecretFile ${space}`,
        '"blank": clientSecretFile is blank',
        '"unset": clientSecretEnv names a variable that is not set',
      ]
        .map((mistake) => `MARKETPLACE_PARTNERS_FILE: partner ${mistake}`)
        .toSorted(),
    );
    expect(message).not.toMatch(/hunter2/i);
  });

  it.each([
    ['', 'is no JSON'],
    ['{"partners": {"A": hunter2}}', 'is no JSON'],
    ['[]', 'must be {"partners"'],
    ['{"hunter2": 1}', 'must be an object'],
    ['{"partners": {}, "hunter2": 1}', 'must be {"partners"'],
    ['{"partners": []}', 'must be an object'],
    ['{"partners": {}}', 'names no partner'],
  ])('is refused when it holds %j', (text, why) => {
    write('partners.json', text);
    const { message, mistakes: found } = refusal();
    expect(found[0]).toContain(`MARKETPLACE_PARTNERS_FILE: ${why}`);
    expect(message).not.toContain('hunter2');
  });

  it('may give partners one client, but not with different secrets', () => {
    const secretFile = { clientId: 'ours', clientSecretFile: 'secret' };
    writePartners({ A: secretFile, B: secretFile });
    const partners = open();
    expect(['A', 'B'].map(partners.clientIdOf)).toEqual(['ours', 'ours']);
    expect(partners.credentialsOf('B')?.clientSecret).toBe('from-file');
    writePartners({ A: secretFile, B: { clientId: 'ours', clientSecret: 'another' } });
    expect(mistakes()).toEqual([
      'MARKETPLACE_PARTNERS_FILE: partner "B": has the client of partner "A", but another secret',
    ]);
  });

  it('must be there', () => {
    expect(mistakes({ MARKETPLACE_PARTNERS_FILE: join(folder, 'nowhere') })).toEqual([
      'MARKETPLACE_PARTNERS_FILE: cannot be read (ENOENT)',
    ]);
  });

  it.each(['MARKETPLACE_CLIENT_ID', 'MARKETPLACE_CLIENT_SECRET', 'MARKETPLACE_CLIENT_SECRET_FILE'])(
    'and %s are not set together',
    (name) => {
      writePartners({ A: inline('s') });
      expect(mistakes({ [name]: 'hunter2' })).toEqual([
        `${name} and MARKETPLACE_PARTNERS_FILE are both set: keep one`,
      ]);
    },
  );

  it('tells no secret, whatever is wrong', () => {
    const secret = fc.stringMatching(/^[A-Za-z0-9!$%&/()=?+~#-]{12,40}$/);
    const around = fc.constantFrom('', ' ', '\n', '\uFEFF');
    const where = fc.constantFrom(
      'clientSecret',
      'clientSecretFile',
      'clientSecretEnv',
      'secret',
      'clientId',
    );
    const broken = fc.constantFrom('', '}', ',', '"', ' //', '{');
    fc.assert(
      fc.property(secret, around, where, broken, (one, space, name, end) => {
        const bad = { clientId: ' ', [name]: `${space}${one}${space}` };
        write('partners.json', `${JSON.stringify({ partners: { bad, worse: [one], worst: one } })}${end}`);
        const { message, mistakes: found, stack } = refusal();
        expect([message, ...found, stack].join('\n')).not.toContain(one);
      }),
    );
  });
});

describe('a partners file that is changed', () => {
  it('is read anew, and so are the secrets that it names', () => {
    writePartners({ A: inline('old'), B: { clientId: 'b', clientSecretFile: 'secret' } });
    const partners = open();
    writePartners({
      A: inline('new'),
      B: { clientId: 'b', clientSecretFile: 'secret' },
      C: inline('c', 'c'),
    });
    write('secret', 'changed');
    expect(partners.credentialsOf('A')?.clientSecret).toBe('new');
    expect(partners.credentialsOf('B')?.clientSecret).toBe('changed');
    expect(partners.credentialsOf('C')?.clientSecret).toBe('c');
    expect(partners.named()).toEqual(['A', 'B', 'C']);
    writePartners({ B: { clientId: 'b', clientSecretFile: 'secret' } });
    expect(partners.credentialsOf('A')).toBeUndefined();
    expect(partners.problem()).toBeUndefined();
  });

  it('says at each call whose client it is, and reads the file for that only when it changed', () => {
    writePartners({ A: { clientId: 'a', clientSecret: 's' } });
    const partners = open();
    expect(['A', 'B'].map(partners.clientIdOf)).toEqual(['a', undefined]);
    writePartners({ B: { clientId: 'another', clientSecret: 's' } });
    expect(['A', 'B'].map(partners.clientIdOf)).toEqual([undefined, 'another']);
    expect(partners.named()).toEqual(['B']);

    write('partners.json', '{"partners": {"A"');
    expect(partners.clientIdOf('B')).toBe('another');
    expect(() => partners.clientIdOf('A')).toThrow(PortalUnavailableError);
    expect(partners.problem()).toContain('is no JSON');
    rmSync(path);
    expect(partners.clientIdOf('B')).toBe('another');
    expect(partners.problem()).toBe('cannot be read (ENOENT)');
    writePartners({ A: { clientId: 'a', clientSecret: 's' } });
    expect(['A', 'B'].map(partners.clientIdOf)).toEqual(['a', undefined]);
    expect(partners.problem()).toBeUndefined();
  });

  it('forgets the secret of a partner who is not in it any more', () => {
    const a = { clientId: 'a', clientSecretFile: 'secret' };
    writePartners({ A: a });
    const partners = open();
    expect(partners.credentialsOf('A')?.clientSecret).toBe('from-file');
    writePartners({ B: inline('b') });
    expect(partners.clientIdOf('B')).toBe('id');
    rmSync(join(folder, 'secret'));
    writePartners({ A: a });
    expect(() => partners.credentialsOf('A')).toThrow(PortalUnavailableError);
  });

  it('counts as it was while it has a mistake, and says which', () => {
    writePartners({ A: inline('old') });
    const partners = open();
    write('partners.json', '{"partners": {"A"');
    for (let count = 0; count < 3; count += 1) {
      expect(partners.credentialsOf('A')?.clientSecret).toBe('old');
    }
    expect(partners.problem()).toContain('is no JSON');

    rmSync(path);
    expect(partners.credentialsOf('A')?.clientSecret).toBe('old');
    expect(partners.problem()).toBe('cannot be read (ENOENT)');

    writePartners({ A: inline('new') });
    expect(partners.credentialsOf('A')?.clientSecret).toBe('new');
    expect(partners.problem()).toBeUndefined();
  });

  it('may have a new partner that is not found while it has a mistake: that passes', () => {
    writePartners({ A: inline('a') });
    const partners = open();
    write('partners.json', '{"partners": {"A"');
    expect(() => partners.credentialsOf('B')).toThrow(PortalUnavailableError);
    expect(() => partners.credentialsOf('B')).toThrow(/"B" cannot be read \(MARKETPLACE_PARTNERS_FILE\)/);
  });

  it('has one secret that cannot be read, and only its partner goes on with the old one', () => {
    const a = { clientId: 'a', clientSecretFile: 'secret' };
    writePartners({ A: a, B: inline('old') });
    const partners = open();
    expect(partners.credentialsOf('A')?.clientSecret).toBe('from-file');
    rmSync(join(folder, 'secret'));
    writePartners({ A: a, B: inline('new'), C: a });
    expect(partners.credentialsOf('A')?.clientSecret).toBe('from-file');
    expect(partners.credentialsOf('B')?.clientSecret).toBe('new');
    expect(() => partners.credentialsOf('C')).toThrow(PortalUnavailableError);
    expect(partners.problem()).toBe(
      'partner "A": clientSecretFile cannot be read (ENOENT); partner "C": clientSecretFile cannot be read (ENOENT)',
    );
  });
});

describe('the secret file of a single partner', () => {
  const env = () => ({
    MARKETPLACE_CLIENT_ID: 'id',
    MARKETPLACE_CLIENT_SECRET_FILE: join(folder, 'secret'),
  });

  it('is read anew when it changed, and counts as it was while it is not there', () => {
    const partners = partnersIn(env());
    write('secret', 'changed\n');
    expect(partners.credentialsOf('any')).toEqual({ clientId: 'id', clientSecret: 'changed' });
    rmSync(join(folder, 'secret'));
    expect(partners.credentialsOf('any')).toEqual({ clientId: 'id', clientSecret: 'changed' });
    expect(partners.problem()).toBe('MARKETPLACE_CLIENT_SECRET_FILE cannot be read (ENOENT)');
    write('secret', ' ');
    expect(partners.credentialsOf('any')).toEqual({ clientId: 'id', clientSecret: 'changed' });
    expect(partners.problem()).toMatch(/^MARKETPLACE_CLIENT_SECRET is blank/);
    expect(partners.named()).toBeUndefined();
    expect(['any', 'other'].map(partners.clientIdOf)).toEqual(['id', 'id']);
  });
});
