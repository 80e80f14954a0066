import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { KeyRingError, loadKeyRing, type KeyRing } from './codec/index.js';
import { TASK_QUEUE } from './contract/names.js';
import { portalUrlProblem, type Credentials } from './portal/index.js';
import { loadTemporalConfig, TemporalConfigError, type TemporalConfig } from './temporal/index.js';

/** What a worker needs to know. Read once, never changed. */
export interface WorkerConfig {
  readonly temporal: TemporalConfig;
  readonly taskQueue: string;
  readonly portalUrl: string;
  readonly credentials: Credentials;
  /** With keys, customer data is encrypted. */
  readonly keys?: KeyRing;
}

/** Thrown when the environment is not fit to start with. The message names every mistake at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly mistakes: readonly string[]) {
    super(
      `The configuration has ${mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`}:\n${list(mistakes)}`,
    );
  }
}

function list(mistakes: readonly string[]): string {
  return mistakes.map((mistake) => `  - ${mistake}`).join('\n');
}

/** Reserved names: better a clear "no" than a setting that does nothing. */
const NOT_SUPPORTED = [
  'MARKETPLACE_PARTNERS_FILE',
  'MARKETPLACE_PORTAL_RATE',
  'MARKETPLACE_METRICS_ADDRESS',
] as const;

/** One mistake a variable: the first that is found. */
const text = (meaning: string) =>
  z
    .string({ error: `is not set: ${meaning}` })
    .refine((value) => value.trim() !== '', { error: `is blank: ${meaning}`, abort: true })
    .refine((value) => value === value.trim(), {
      error: 'starts or ends with a space; GitLab names that as a usual mistake',
      abort: true,
    });

const portalUrl = text('the portal to order at, such as https://customers.staging.gitlab.com').superRefine(
  (url, context) => {
    const problem = portalUrlProblem(url);
    if (problem !== undefined) context.addIssue(problem);
  },
);

const environmentSchema = z.object({
  MARKETPLACE_PORTAL_URL: portalUrl,
  MARKETPLACE_CLIENT_ID: text('the client ID that GitLab gave you'),
  MARKETPLACE_CLIENT_SECRET: text('the client secret that GitLab gave you'),
  MARKETPLACE_TASK_QUEUE: text('the task queue').default(TASK_QUEUE),
});

/**
 * The configuration in an environment.
 *
 * @throws ConfigError naming every mistake at once, and no secret.
 */
export function loadWorkerConfig(environment: NodeJS.ProcessEnv = process.env): WorkerConfig {
  const env = filledIn(environment);
  const mistakes: string[] = NOT_SUPPORTED.filter((name) => env[name] !== undefined).map(
    (name) => `${name} is not supported by this version`,
  );
  const temporal = collect(mistakes, () => loadTemporalConfig(env));
  const keys = collect(mistakes, () => codecKeysIn(env));
  const secret = collect(mistakes, () => clientSecret(env));
  const own = environmentSchema.safeParse({
    ...env,
    ...(secret !== undefined && { MARKETPLACE_CLIENT_SECRET: secret }),
  });
  for (const { path, message } of own.error?.issues ?? []) {
    // A secret that could not be read was told of already.
    const isTold = path[0] === 'MARKETPLACE_CLIENT_SECRET' && secret === undefined && isSecretInFile(env);
    if (!isTold) mistakes.push(`${path.join('.')} ${message}`);
  }
  if (mistakes.length > 0 || !own.success || temporal === undefined) throw new ConfigError(mistakes);
  return Object.freeze({
    temporal,
    taskQueue: own.data.MARKETPLACE_TASK_QUEUE,
    portalUrl: own.data.MARKETPLACE_PORTAL_URL,
    credentials: {
      clientId: own.data.MARKETPLACE_CLIENT_ID,
      clientSecret: own.data.MARKETPLACE_CLIENT_SECRET,
    },
    ...(keys && { keys }),
  });
}

/** Without the variables that are empty: Docker Compose hands on an unset one so. */
function filledIn(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
}

/** The task queue a caller of purchases uses. */
export function taskQueueIn(env: NodeJS.ProcessEnv = process.env): string {
  return env['MARKETPLACE_TASK_QUEUE']?.trim() || TASK_QUEUE;
}

/**
 * The keys that customer data is encrypted with, for workers and callers alike; `undefined` when none are set.
 *
 * @throws ConfigError naming every mistake at once, and no key.
 */
export function codecKeysIn(env: NodeJS.ProcessEnv = process.env): KeyRing | undefined {
  try {
    return loadKeyRing(env);
  } catch (error) {
    throw error instanceof KeyRingError ? new ConfigError(error.mistakes) : error;
  }
}

function isSecretInFile(env: NodeJS.ProcessEnv): boolean {
  return env['MARKETPLACE_CLIENT_SECRET_FILE'] !== undefined;
}

function clientSecret(env: NodeJS.ProcessEnv): string | undefined {
  const file = env['MARKETPLACE_CLIENT_SECRET_FILE'];
  if (file === undefined) return env['MARKETPLACE_CLIENT_SECRET'];
  if (env['MARKETPLACE_CLIENT_SECRET'] !== undefined) {
    throw new ConfigError([
      'MARKETPLACE_CLIENT_SECRET and MARKETPLACE_CLIENT_SECRET_FILE are both set: keep one',
    ]);
  }
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new ConfigError([`MARKETPLACE_CLIENT_SECRET_FILE cannot be read (${code})`]);
  }
}

/** Runs one part of the reading; what it finds wrong joins the others. */
function collect<T>(mistakes: string[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof ConfigError) mistakes.push(...error.mistakes);
    else if (error instanceof TemporalConfigError) mistakes.push(error.message);
    else throw error;
    return undefined;
  }
}
