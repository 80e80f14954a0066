import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { KeyRingError, loadKeyRing, type KeyRing } from './codec/index.js';
import { TASK_QUEUE } from './contract/names.js';
import { sameForAll, type Partners } from './partners/index.js';
import { portalUrlProblem } from './portal/index.js';
import { loadTemporalConfig, TemporalConfigError, type TemporalConfig } from './temporal/index.js';

/** What a worker needs to know. Read once, never changed. */
export interface WorkerConfig {
  readonly temporal: TemporalConfig;
  readonly taskQueue: string;
  readonly portalUrl: string;
  readonly partners: Partners;
  /** Calls a second to the portal, over all workers together. @default as many as there are */
  readonly portalRate?: number;
  /** Where Prometheus metrics are served, `host:port`. @default nowhere */
  readonly metricsAddress?: string;
  /** Where `/healthz`, `/readyz` and `/status` are served, `host:port`. @default nowhere */
  readonly healthAddress?: string;
  /** Turns Temporal's worker versioning on. @default it is off */
  readonly buildId?: string;
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

const rate = text('calls a second to the portal')
  .refine((value) => /^\d{1,6}(\.\d{1,3})?$/.test(value) && Number(value) > 0, {
    error: 'is no number of calls a second, such as 10 or 0.5',
  })
  .transform(Number);

const address = text('an address to listen at').refine((value) => LISTENING.test(value), {
  error: 'is no host:port, such as 0.0.0.0:9464 or [::1]:9464',
});

const LISTENING = /^(?:[\w.-]+|\[[\da-fA-F:]+\]):\d{1,5}$/;

const buildId = text('the build that this worker is').refine((value) => /^[\w.+-]{1,100}$/.test(value), {
  error: 'may have letters, digits, ".", "_", "+" and "-" only, at most 100',
});

const environmentSchema = z.object({
  MARKETPLACE_PORTAL_URL: portalUrl,
  MARKETPLACE_CLIENT_ID: text('the client ID that GitLab gave you'),
  MARKETPLACE_CLIENT_SECRET: text('the client secret that GitLab gave you'),
  MARKETPLACE_TASK_QUEUE: text('the task queue').default(TASK_QUEUE),
  MARKETPLACE_PORTAL_RATE: rate.optional(),
  MARKETPLACE_METRICS_ADDRESS: address.optional(),
  MARKETPLACE_HEALTH_ADDRESS: address.optional(),
  MARKETPLACE_BUILD_ID: buildId.optional(),
});

/**
 * The configuration in an environment.
 *
 * @throws ConfigError naming every mistake at once, and no secret.
 */
export function loadWorkerConfig(environment: NodeJS.ProcessEnv = process.env): WorkerConfig {
  const env = filledIn(environment);
  const mistakes: string[] = [];
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
  const { data } = own;
  return Object.freeze({
    temporal,
    taskQueue: data.MARKETPLACE_TASK_QUEUE,
    portalUrl: data.MARKETPLACE_PORTAL_URL,
    partners: sameForAll({
      clientId: data.MARKETPLACE_CLIENT_ID,
      clientSecret: data.MARKETPLACE_CLIENT_SECRET,
    }),
    ...(keys && { keys }),
    ...(data.MARKETPLACE_PORTAL_RATE && { portalRate: data.MARKETPLACE_PORTAL_RATE }),
    ...(data.MARKETPLACE_METRICS_ADDRESS && { metricsAddress: data.MARKETPLACE_METRICS_ADDRESS }),
    ...(data.MARKETPLACE_HEALTH_ADDRESS && { healthAddress: data.MARKETPLACE_HEALTH_ADDRESS }),
    ...(data.MARKETPLACE_BUILD_ID && { buildId: data.MARKETPLACE_BUILD_ID }),
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
