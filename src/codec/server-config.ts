import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { isLoopback } from '../temporal/loopback.js';
import { KeyRingError, type KeyRing } from './key-ring.js';
import { loadKeyRing } from './load-key-ring.js';
import type { Auth } from './server-auth.js';

/** What a codec server needs to know. */
export interface CodecServerConfig {
  readonly host: string;
  readonly port: number;
  readonly keys: KeyRing;
  readonly auth: Auth;
  readonly namespaces: readonly string[];
  readonly uiOrigins: readonly string[];
}

/** Thrown when the environment is not fit for a codec server. It names every mistake at once, and no secret. */
export class CodecServerConfigError extends Error {
  override readonly name = 'CodecServerConfigError';

  constructor(readonly mistakes: readonly string[]) {
    super(mistakes.join('\n'));
  }
}

const DEFAULT_ADDRESS = '127.0.0.1:8081';
const SHORTEST_SECRET = 16;

const ADDRESS = /^(?<host>\[[0-9A-Fa-f:]+\]|[\w.-]+):(?<port>\d{1,5})$/;

const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);

const schema = z.object({
  MARKETPLACE_CODEC_ADDRESS: z
    .string()
    .refine((text) => Number(ADDRESS.exec(text)?.groups?.['port'] ?? Infinity) <= 65_535, {
      error: 'must be host:port, such as 127.0.0.1:8081',
    })
    .default(DEFAULT_ADDRESS),
  MARKETPLACE_CODEC_NAMESPACES: list.optional(),
  TEMPORAL_NAMESPACE: z.string().default('default'),
  MARKETPLACE_CODEC_UI_ORIGINS: list
    .pipe(
      z.array(
        z.string().refine(isOrigin, { error: 'must be origins, such as https://temporal.example.com' }),
      ),
    )
    .default([]),
  MARKETPLACE_CODEC_JWKS_URL: z
    .string()
    .refine(isSafeUrl, { error: 'must be an https URL (http only on this machine)' })
    .optional(),
  MARKETPLACE_CODEC_JWT_ISSUER: z.string().optional(),
  MARKETPLACE_CODEC_JWT_AUDIENCE: z.string().optional(),
  MARKETPLACE_CODEC_JWT_CLAIM: z
    .string()
    .regex(/^[^=\s]+=\S+$/, { error: 'must be claim=value, such as scope=marketplace:decode' })
    .optional(),
  MARKETPLACE_CODEC_STATIC_SECRET: z
    .string()
    .min(SHORTEST_SECRET, { error: `must have at least ${SHORTEST_SECRET} characters` })
    .optional(),
});

type Settings = z.infer<typeof schema>;

/**
 * The codec server's configuration in an environment.
 *
 * @throws CodecServerConfigError
 */
export function loadCodecServerConfig(env: NodeJS.ProcessEnv = process.env): CodecServerConfig {
  const filled = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const mistakes: string[] = [];
  const keys = keysIn(filled, mistakes);
  const read = schema.safeParse({ ...filled, ...staticSecretIn(filled, mistakes) });
  for (const { path, message } of read.error?.issues ?? []) mistakes.push(`${String(path[0])} ${message}`);
  const auth = read.data && authIn(read.data, mistakes);
  if (read.data === undefined || keys === undefined || auth === undefined || mistakes.length > 0)
    throw new CodecServerConfigError(mistakes);
  const { host = '', port = '' } = ADDRESS.exec(read.data.MARKETPLACE_CODEC_ADDRESS)?.groups ?? {};
  return {
    host: host.replaceAll(/[[\]]/g, ''),
    port: Number(port),
    keys,
    auth,
    namespaces: read.data.MARKETPLACE_CODEC_NAMESPACES ?? [read.data.TEMPORAL_NAMESPACE],
    uiOrigins: read.data.MARKETPLACE_CODEC_UI_ORIGINS,
  };
}

function keysIn(env: NodeJS.ProcessEnv, mistakes: string[]): KeyRing | undefined {
  try {
    const keys = loadKeyRing(env);
    if (keys === undefined)
      mistakes.push('MARKETPLACE_CODEC_KEYS_FILE is not set: the key ring to decode with');
    return keys;
  } catch (error) {
    if (!(error instanceof KeyRingError)) throw error;
    mistakes.push(...error.mistakes);
    return undefined;
  }
}

const SECRET = 'MARKETPLACE_CODEC_STATIC_SECRET';
const SECRET_FILE = 'MARKETPLACE_CODEC_STATIC_SECRET_FILE';

/** The secret that a file holds, as the variable that it stands for. */
function staticSecretIn(env: NodeJS.ProcessEnv, mistakes: string[]): { [SECRET]?: string } {
  const file = env[SECRET_FILE];
  if (file === undefined) return {};
  if (env[SECRET] !== undefined) mistakes.push(`${SECRET} and ${SECRET_FILE} are both set: keep one`);
  try {
    return { [SECRET]: readFileSync(file, 'utf8').replace(/\r?\n$/, '') };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    mistakes.push(`${SECRET_FILE} cannot be read (${code})`);
    return {};
  }
}

/** An open codec server would be as good as no encryption: there is none without one of the two. */
function authIn(settings: Settings, mistakes: string[]): Auth | undefined {
  const {
    MARKETPLACE_CODEC_JWKS_URL: jwksUrl,
    MARKETPLACE_CODEC_STATIC_SECRET: secret,
    MARKETPLACE_CODEC_ADDRESS: address,
  } = settings;
  if (jwksUrl !== undefined && secret !== undefined) {
    mistakes.push('MARKETPLACE_CODEC_JWKS_URL and MARKETPLACE_CODEC_STATIC_SECRET are both set: keep one');
    return undefined;
  }
  if (jwksUrl !== undefined) return jwtAuthIn(jwksUrl, settings, mistakes);
  if (secret === undefined) {
    mistakes.push(
      'MARKETPLACE_CODEC_JWKS_URL is not set: where the keys are that tokens are verified with ' +
        '(MARKETPLACE_CODEC_STATIC_SECRET instead, for development)',
    );
    return undefined;
  }
  if (!isLoopback(address)) {
    mistakes.push(
      'MARKETPLACE_CODEC_STATIC_SECRET is for development: with it, MARKETPLACE_CODEC_ADDRESS must be on loopback',
    );
  }
  return { kind: 'secret', secret };
}

function jwtAuthIn(jwksUrl: string, settings: Settings, mistakes: string[]): Auth {
  const { MARKETPLACE_CODEC_JWT_ISSUER: issuer = '', MARKETPLACE_CODEC_JWT_AUDIENCE: audience = '' } =
    settings;
  if (issuer === '')
    mistakes.push('MARKETPLACE_CODEC_JWT_ISSUER is not set: the "iss" that tokens must have');
  if (audience === '')
    mistakes.push('MARKETPLACE_CODEC_JWT_AUDIENCE is not set: the "aud" that tokens must have');
  const [name = '', ...value] = settings.MARKETPLACE_CODEC_JWT_CLAIM?.split('=') ?? [];
  const claim = name === '' ? {} : { claim: { name, value: value.join('=') } };
  return { kind: 'jwt', jwksUrl, issuer, audience, ...claim };
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}

function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, host, username, password } = new URL(text);
  if (username !== '' || password !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(host));
}
