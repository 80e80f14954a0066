import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { createProgram } from '../../src/cli/program.js';
import { CodecServerConfigError, loadCodecServerConfig } from '../../src/codec/server-config.js';
import { ConfigError, loadWorkerConfig } from '../../src/config.js';
import {
  composeWith,
  envFile,
  inRepository,
  kubernetesDeployment,
  kubernetesEnvironment,
  kubernetesObjects,
  textOf,
} from '../helpers/deployment-files.js';

/** A container of ours, in whichever file. */
interface Ours {
  readonly where: string;
  readonly environment: Record<string, string>;
  readonly command: readonly string[];
}

const SIMULATOR = envFile('deploy/compose/simulator.env');
/** As somebody fills it in. */
const PORTAL = {
  ...envFile('deploy/compose/portal.env'),
  MARKETPLACE_CLIENT_ID: 'client-of-ours',
  MARKETPLACE_CODEC_JWKS_URL: 'https://id.example.com/.well-known/jwks.json',
  MARKETPLACE_CODEC_JWT_ISSUER: 'https://id.example.com',
};
const WORKER_COMMAND = ['node', 'dist/src/worker/main.js'];

function inCompose(what: string, variables: NodeJS.ProcessEnv): Ours[] {
  return Object.entries(composeWith(variables).services)
    .filter(([, { image }]) => image.startsWith('gitlab-marketplace-temporal:'))
    .map(([name, { environment, command }]) => ({
      where: `${name} (${what})`,
      environment,
      command: command.length > 0 ? command : WORKER_COMMAND,
    }));
}

function inKubernetes(folder: string): Ours {
  const deployment = kubernetesDeployment(folder);
  const [command = []] = deployment.spec.template.spec.containers.map((container) => container.command);
  return { where: `${folder} (Kubernetes)`, environment: kubernetesEnvironment(deployment), command };
}

const all: Ours[] = [
  ...inCompose('simulator.env', SIMULATOR),
  ...inCompose('portal.env', PORTAL),
  inKubernetes('worker'),
  inKubernetes('codec-server'),
];
const running = (...words: string[]) =>
  all.filter(({ command }) => words.every((word) => command.includes(word)));

/** All that our code, or Temporal's reader of settings, names in quotes, as a property, or as a key of a schema. */
function namesInCode(): Set<string> {
  const folders = [inRepository('src'), inRepository('node_modules/@temporalio/envconfig/lib')];
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.[jt]s$/.test(file))
      .map((file) => join(folder, file)),
  );
  const named = /(?<=['"]|\benv\.)[A-Z]+(?:_[A-Z0-9]+)+\b|(?<=^ +)[A-Z]+(?:_[A-Z0-9]+)+(?=:)/gm;
  const names = files.flatMap((file) => readFileSync(file, 'utf8').match(named) ?? []);
  // Node reads this one by itself.
  return new Set([...names, 'NODE_EXTRA_CA_CERTS']);
}

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'deploy-settings-'));
  execFileSync('sh', [inRepository('deploy/compose/make-secrets.sh'), folder]);
  writeFileSync(join(folder, 'temporal.toml'), '[profile.default]\n');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The environment, its secrets being those of a folder, and nothing of this machine in it. */
function withSecrets(environment: Record<string, string>, secrets = folder): NodeJS.ProcessEnv {
  const entries = Object.entries(environment).map(([name, value]) => [
    name,
    value.startsWith('/run/secrets/') ? join(secrets, basename(value)) : value,
  ]);
  return { ...Object.fromEntries(entries), TEMPORAL_CONFIG_FILE: join(folder, 'temporal.toml') };
}

describe.each(all)('$where', ({ environment, command }) => {
  it('sets only what the code reads', () => {
    const names = namesInCode();
    for (const name of Object.keys(environment)) expect(names).toContain(name);
  });

  it('runs what is built, or mounted, with arguments that it takes', () => {
    const [program, file = '', ...args] = command;
    expect(program).toBe('node');
    if (file === 'tls-front.mjs') {
      expect(args).toHaveLength(4);
      return;
    }
    const source = file.replace(/^dist\//, '').replace(/\.js$/, '.ts');
    expect(file).toMatch(/^dist\/src\//);
    expect(inRepository(source)).toSatisfy(existsSync);
    if (file.endsWith('cli/main.js')) expect(refusedIn(createProgram(), args)).toEqual([]);
    else expect(args).toEqual([]);
  });
});

/** The words of a command line that the program does not know. */
function refusedIn(program: Command, [name, ...args]: readonly string[]): string[] {
  const command = program.commands.find((one) => one.name() === name);
  if (command === undefined) return [name ?? 'no command'];
  const { operands, unknown } = command.parseOptions(args);
  return [...operands, ...unknown];
}

describe.each(['docs/deploy.md', 'deploy/kubernetes/README.md'])('%s', (page) => {
  const text = textOf(page);

  it('names files that exist', () => {
    const paths = [
      ...(text.match(/\bdeploy\/[\w./-]*\w/g) ?? []),
      ...(text.match(/(?<=`)(example|base)\/[\w./-]+/g) ?? []),
    ];
    expect(paths).not.toEqual([]);
    const made = /^deploy\/secrets\//;
    for (const path of paths.filter((one) => !made.test(one))) {
      const place = path.startsWith('deploy/') ? path : `deploy/kubernetes/${path}`;
      expect(inRepository(place)).toSatisfy(existsSync);
    }
  });

  it('has the command line run as it takes it', () => {
    const lines = [...text.matchAll(/node dist\/src\/cli\/main\.js ([^\n]+)|(?:^|`)marketplace ([^`\n]+)/gm)];
    expect(lines).not.toEqual([]);
    for (const [, exec, plain] of lines) {
      const [name = '', ...args] = (exec ?? plain ?? '').split(' ');
      const command = createProgram().commands.find((one) => one.name() === name);
      expect(command?.parseOptions(args).unknown).toEqual([]);
    }
  });
});

describe('the workers', () => {
  it.each(running('dist/src/worker/main.js'))('start with the settings of $where', ({ environment }) => {
    const config = loadWorkerConfig(withSecrets(environment));
    expect(config.keys).toBeDefined();
    expect(config.healthAddress).toBe('0.0.0.0:8081');
    expect(config.metricsAddress).toBe('0.0.0.0:9464');
  });

  it('say what is missing in portal.env as it comes', () => {
    const worker = inCompose('as it comes', envFile('deploy/compose/portal.env')).find(
      ({ command }) => command === WORKER_COMMAND,
    );
    const env = withSecrets(worker?.environment ?? {});
    expect(() => loadWorkerConfig(env)).toThrow(/a mistake:\s+- MARKETPLACE_CLIENT_ID is not set/);
  });

  it('are five: two for each environment file, and one Deployment', () => {
    expect(running('dist/src/worker/main.js')).toHaveLength(5);
  });

  it('order at the simulator with the credentials that it takes', async () => {
    const { DEMO_CLIENT } = await import('../../src/simulator/index.js');
    const [worker] = running('dist/src/worker/main.js');
    const { partners } = loadWorkerConfig(withSecrets(worker?.environment ?? {}));
    expect(partners.credentialsOf('anyone')).toEqual(DEMO_CLIENT);
  });
});

describe('the codec servers', () => {
  it.each(running('codec-server'))('start with the settings of $where', ({ environment }) => {
    const { auth, keys } = loadCodecServerConfig(withSecrets(environment));
    expect(keys.ids).toHaveLength(1);
    expect(auth.kind).toBe(environment['MARKETPLACE_CODEC_JWKS_URL'] ? 'jwt' : 'secret');
  });

  it('are three: one for each environment file, and one Deployment', () => {
    expect(running('codec-server')).toHaveLength(3);
  });
});

describe('the secrets', () => {
  it('that the composition names are those that make-secrets.sh makes, and a second run keeps them', () => {
    const { secrets } = composeWith(SIMULATOR);
    const made = readdirSync(folder).filter((name) => name !== 'temporal.toml');
    expect(Object.values(secrets).map(({ file }) => file)).toEqual(
      expect.arrayContaining(made.map((name) => `./deploy/secrets/${name}`)),
    );
    expect(made).toHaveLength(Object.keys(secrets).length);
    const before = made.map((name) => readFileSync(join(folder, name), 'utf8'));
    execFileSync('sh', [inRepository('deploy/compose/make-secrets.sh'), folder]);
    expect(made.map((name) => readFileSync(join(folder, name), 'utf8'))).toEqual(before);
    for (const text of before) expect(text.trim()).not.toBe('');
  });

  it('of the example for Kubernetes are none: nothing starts with them', () => {
    const [secret] = kubernetesObjects('example/secrets.yaml');
    expect(secret).toMatchObject({ metadata: { name: 'marketplace-secrets' } });
    const { stringData } = secretSchema(secret);
    const example = mkdtempSync(join(folder, 'example-'));
    for (const [name, value] of Object.entries(stringData)) writeFileSync(join(example, name), value);
    const worker = withSecrets(inKubernetes('worker').environment, example);
    expect(() => loadWorkerConfig(worker)).toThrow(ConfigError);
    expect(() => loadWorkerConfig(worker)).toThrow(
      /2 mistakes[^]*CODEC_KEYS[^]*MARKETPLACE_CLIENT_SECRET is blank/,
    );
    const codecServer = withSecrets(inKubernetes('codec-server').environment, example);
    expect(() => loadCodecServerConfig(codecServer)).toThrow(CodecServerConfigError);
  });

  it('are never committed', () => {
    expect(parse(textOf('deploy/kubernetes/example/secrets.yaml'))).not.toHaveProperty('data');
    expect(textOf('deploy/secrets/.gitignore').split('\n')).toContain('*');
  });
});

function secretSchema(object: unknown): { stringData: Record<string, string> } {
  return z.object({ stringData: z.record(z.string(), z.string()) }).parse(object);
}
