import { createSecureContext } from 'node:tls';
import type { TLSConfig } from '@temporalio/client';
import { loadClientConfigProfile, toClientOptions } from '@temporalio/envconfig';
import type { ClientConfigProfile } from '@temporalio/envconfig';
import { assertNotInClear, assertSendable } from './credentials.js';
import { reasonOf, TemporalConfigError } from './errors.js';

/** What both `Connection.connect` and `NativeConnection.connect` take. */
export interface TemporalConnectionOptions {
  /** `host:port` of gRPC. */
  readonly address: string;
  readonly apiKey?: string;
  readonly tls?: TLSConfig | boolean;
  /** gRPC headers of every call. */
  readonly metadata?: Record<string, string>;
}

/** Where Temporal is. */
export interface TemporalConfig {
  readonly connectionOptions: TemporalConnectionOptions;
  readonly namespace: string;
}

/** Where a Temporal server listens unless told otherwise. Source: the SDK's and the CLI's default. */
const DEFAULT_ADDRESS = 'localhost:7233';
const DEFAULT_NAMESPACE = 'default';

/**
 * Reads Temporal's own settings: `TEMPORAL_…` variables over a profile of Temporal's configuration file, as
 * `@temporalio/envconfig` does, but refuses what that would quietly take to mean no TLS. A variable that is
 * empty counts as not set, as Docker Compose hands on an unset one.
 *
 * @param env the environment to read
 * @throws TemporalConfigError when a setting cannot be used, or would send an API key or a token in
 * clear. It never quotes a secret.
 */
export function loadTemporalConfig(env: NodeJS.ProcessEnv = process.env): TemporalConfig {
  const variables = filledIn(env);
  assertTlsSwitch(variables['TEMPORAL_TLS']);
  const { profile, options } = load(variables);
  assertWholeClientCertificate(profile);
  assertSendable(profile);
  const { address = DEFAULT_ADDRESS } = profile;
  const { apiKey, tls, metadata } = options.connectionOptions;
  assertReadable(tls);
  if (!tls) assertNotInClear(profile, { address, tlsSwitch: variables['TEMPORAL_TLS'] });
  return {
    connectionOptions: {
      address,
      ...(apiKey === undefined ? {} : { apiKey }),
      ...(tls === undefined || tls === null ? {} : { tls }),
      ...(profile.grpcMeta === undefined || metadata === undefined ? {} : { metadata: profile.grpcMeta }),
    },
    namespace: profile.namespace ?? DEFAULT_NAMESPACE,
  };
}

function filledIn(env: NodeJS.ProcessEnv): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    // An empty header variable has a meaning: it takes the profile's header away.
    const isMeant = value !== '' || name.startsWith('TEMPORAL_GRPC_META_');
    if (value !== undefined && isMeant) variables[name] = value;
  }
  return variables;
}

/** envconfig takes everything but `true` and `1` for "no TLS", `True` and `yes` too. */
function assertTlsSwitch(value: string | undefined): void {
  if (value === undefined || ['true', 'false', '1', '0'].includes(value)) return;
  throw new TemporalConfigError(
    `TEMPORAL_TLS is "${value}", which Temporal would take to mean no TLS. Set it to true or false, in small letters.`,
  );
}

function load(variables: Record<string, string>): {
  profile: ClientConfigProfile;
  options: ReturnType<typeof toClientOptions>;
} {
  try {
    const profile = loadClientConfigProfile({ overrideEnvVars: variables });
    return { profile, options: toClientOptions(profile) };
  } catch (error) {
    throw unusable(error, variables);
  }
}

function unusable(error: unknown, variables: Record<string, string>): TemporalConfigError {
  const file =
    variables['TEMPORAL_CONFIG_FILE'] ?? "Temporal's configuration file (`temporal config list` reads it)";
  // A parser's message goes on with the lines at fault, which may hold an API key. So no more, and no cause.
  const [reason = ''] = reasonOf(error).split('\n');
  if (/^Profile '.*' not found/.test(reason)) {
    return new TemporalConfigError(
      `TEMPORAL_PROFILE is "${variables['TEMPORAL_PROFILE']}", and ${file} has no such profile. ` +
        'Add the profile, name another one, or unset TEMPORAL_PROFILE.',
    );
  }
  // envconfig trips over a file without any profile, even when none is asked for.
  const what = error instanceof TypeError ? 'the file has no [profile.…] section.' : reason;
  return new TemporalConfigError(
    `Temporal's settings cannot be used: ${what} Correct the TEMPORAL_… variables or ${file}.`,
  );
}

/** With only one half, envconfig leaves both out, and the server's refusal does not say why. */
function assertWholeClientCertificate({ tls }: ClientConfigProfile): void {
  if ((tls?.clientCert === undefined) === (tls?.clientKey === undefined)) return;
  const [given, lacking] = tls?.clientCert === undefined ? ['KEY', 'CERT'] : ['CERT', 'KEY'];
  throw new TemporalConfigError(
    `Temporal's TLS settings have a client ${given === 'KEY' ? 'key without its certificate' : 'certificate without its key'}. ` +
      `Set TEMPORAL_TLS_CLIENT_${lacking}_PATH too, or unset TEMPORAL_TLS_CLIENT_${given}_PATH.`,
  );
}

/** Files that are no certificates, or a key of another one: the connections would say so in OpenSSL's words only. */
function assertReadable(tls: TLSConfig | boolean | null | undefined): void {
  if (typeof tls !== 'object' || tls === null) return;
  const { serverRootCACertificate: ca, clientCertPair: pair } = tls;
  try {
    createSecureContext({ ...(ca && { ca: Buffer.from(ca) }) });
  } catch (error) {
    throw unreadable("server's authority", 'TEMPORAL_TLS_SERVER_CA_CERT_PATH', error);
  }
  try {
    createSecureContext({ ...(pair && { cert: Buffer.from(pair.crt), key: Buffer.from(pair.key) }) });
  } catch (error) {
    throw unreadable('client', 'TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH', error);
  }
}

function unreadable(whose: string, variables: string, error: unknown): TemporalConfigError {
  const isMismatch = /key values mismatch/.test(reasonOf(error));
  const what = isMismatch
    ? `The ${whose} certificate and its key do not belong together`
    : `The ${whose} certificate, or its key, cannot be read as PEM`;
  return new TemporalConfigError(`${what}. Correct ${variables}, or the profile's tls section.`);
}
