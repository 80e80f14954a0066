import { z } from 'zod';
import { KeyRingError, loadKeyRing, type KeyRing } from './codec/index.js';
import { TASK_QUEUE } from './contract/names.js';
import {
  CredentialsFileError,
  partnersFromFile,
  sameForAll,
  sameForAllFrom,
  type Partners,
} from './partners/index.js';
import { flawOf, secretInFile } from './partners/secret.js';
import { portalUrlProblem, type Credentials } from './portal/index.js';
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
  z.string({ error: `is not set: ${meaning}` }).superRefine((value, context) => {
    const flaw = flawOf(value);
    if (flaw !== undefined) {
      const message = flaw === 'is blank' ? `${flaw}: ${meaning}` : flaw;
      context.addIssue({ code: 'custom', message, input: undefined, continue: false });
    }
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
  const partners = collect(mistakes, () => partnersIn(env));
  const own = environmentSchema.safeParse(env);
  if (!own.success) mistakes.push(...told(own.error));
  if (mistakes.length > 0 || !own.success || temporal === undefined || partners === undefined) {
    throw new ConfigError(mistakes);
  }
  const { data } = own;
  return Object.freeze({
    temporal,
    taskQueue: data.MARKETPLACE_TASK_QUEUE,
    portalUrl: data.MARKETPLACE_PORTAL_URL,
    partners,
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

const credentialsSchema = z.object({
  MARKETPLACE_CLIENT_ID: text(
    'the client ID that GitLab gave you, or MARKETPLACE_PARTNERS_FILE for several partners',
  ),
  MARKETPLACE_CLIENT_SECRET: text('the client secret that GitLab gave you'),
});

const OF_ONE_PARTNER = [
  'MARKETPLACE_CLIENT_ID',
  'MARKETPLACE_CLIENT_SECRET',
  'MARKETPLACE_CLIENT_SECRET_FILE',
] as const;

/**
 * Who may order, and with which credentials: one pair, or a file of several partners.
 *
 * @throws ConfigError naming every mistake at once, and no secret.
 */
export function partnersIn(environment: NodeJS.ProcessEnv = process.env): Partners {
  const env = filledIn(environment);
  const path = env['MARKETPLACE_PARTNERS_FILE'];
  if (path === undefined) return onePairIn(env);
  const extra = OF_ONE_PARTNER.filter((name) => env[name] !== undefined).map(
    (name) => `${name} and MARKETPLACE_PARTNERS_FILE are both set: keep one`,
  );
  const mistakes = [...extra];
  const partners = collect(mistakes, () =>
    naming('MARKETPLACE_PARTNERS_FILE: ', () => partnersFromFile({ path, env })),
  );
  if (mistakes.length > 0 || partners === undefined) throw new ConfigError(mistakes);
  return partners;
}

function onePairIn(env: NodeJS.ProcessEnv): Partners {
  const file = env['MARKETPLACE_CLIENT_SECRET_FILE'];
  if (file === undefined) return sameForAll(pairIn(env, () => env['MARKETPLACE_CLIENT_SECRET']));
  if (env['MARKETPLACE_CLIENT_SECRET'] !== undefined) {
    throw new ConfigError([
      'MARKETPLACE_CLIENT_SECRET and MARKETPLACE_CLIENT_SECRET_FILE are both set: keep one',
    ]);
  }
  const secret = () => naming('MARKETPLACE_CLIENT_SECRET_FILE ', () => secretInFile(file));
  return sameForAllFrom(() => pairIn(env, secret));
}

/** The credentials of a single partner. @throws CredentialsFileError naming every mistake */
function pairIn(env: NodeJS.ProcessEnv, secret: () => string | undefined): Credentials {
  const mistakes: string[] = [];
  const clientSecret = collect(mistakes, secret);
  const isTold = mistakes.length > 0;
  const pair = credentialsSchema.safeParse({ ...env, MARKETPLACE_CLIENT_SECRET: clientSecret });
  if (pair.success && !isTold) {
    return {
      clientId: pair.data.MARKETPLACE_CLIENT_ID,
      clientSecret: pair.data.MARKETPLACE_CLIENT_SECRET,
    };
  }
  // A secret that could not be read was told of already.
  const others = told(pair.error).filter(
    (mistake) => !isTold || !mistake.startsWith('MARKETPLACE_CLIENT_SECRET '),
  );
  throw new CredentialsFileError([...mistakes, ...others]);
}

function told(error: z.ZodError | undefined): string[] {
  return (error?.issues ?? []).map(({ path, message }) => `${path.join('.')} ${message}`);
}

/** Says with each mistake in a file which setting names it. */
function naming<T>(setting: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof CredentialsFileError)) throw error;
    throw new CredentialsFileError(error.mistakes.map((mistake) => `${setting}${mistake}`));
  }
}

/** Runs one part of the reading; what it finds wrong joins the others. */
function collect<T>(mistakes: string[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof ConfigError || error instanceof CredentialsFileError)
      mistakes.push(...error.mistakes);
    else if (error instanceof TemporalConfigError) mistakes.push(error.message);
    else throw error;
    return undefined;
  }
}
