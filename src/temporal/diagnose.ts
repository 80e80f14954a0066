import { X509Certificate } from 'node:crypto';
import type { TLSConfig } from '@temporalio/client';
import type { TemporalConnectionOptions } from './connection.js';
import { reasonOf } from './errors.js';
import { hostOf, isListening, shakeHands } from './handshake.js';

/** Why a server does not talk to us although it is there. */
export interface Trouble {
  /** What is wrong: a sentence without its end. */
  readonly reason: string;
  /** What to do: whole sentences. */
  readonly advice: string;
}

const CLIENT_CERTIFICATE = 'TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH';

/**
 * Finds out why a connection failed, where TLS or credentials may be the cause: the SDK's own errors do not say it in
 * words that help. Nothing is sent but a TLS handshake.
 *
 * @param error what the SDK threw.
 * @returns `undefined` when nothing answers there, or the cause is another one.
 */
export async function diagnose(
  options: TemporalConnectionOptions,
  error: unknown,
): Promise<Trouble | undefined> {
  const { address, tls } = options;
  const words = `${reasonOf(error)} ${error instanceof Error ? reasonOf(error.cause) : ''}`;
  if (REFUSED.test(words)) return refused(options);
  if (!tls) return (await speaksTls(address)) ? tlsIsOff(address) : undefined;
  const settings = tls === true ? {} : tls;
  const isOld = ofOldVersion(settings) ?? expired(settings);
  const seen = await shakeHands(address, settings);
  if (seen === 'nobody') return undefined;
  if (typeof seen === 'object') return inHandshake(address, settings, seen) ?? isOld;
  if (isOld !== undefined) return isOld;
  if (seen === 'hung up' || HTTP_REFUSAL.test(words)) return clientRefused(address, settings);
  return undefined;
}

/** UNAUTHENTICATED and PERMISSION_DENIED, as both of the SDK's connections put them. */
const REFUSED =
  /\b(UNAUTHENTICATED|PERMISSION_DENIED)\b|valid authentication credentials|not have permission/;
/** What a proxy says over HTTP that wants another client certificate. */
const HTTP_REFUSAL = /\bstatus(?: code)?:? 4\d\d\b/;

function refused({ address, apiKey, metadata = {} }: TemporalConnectionOptions): Trouble {
  const reason = `the Temporal server at ${address} refused us`;
  if (apiKey !== undefined) {
    return {
      reason: `${reason}: it does not take this API key`,
      advice: "Check TEMPORAL_API_KEY (or the profile's api_key), and that the key may use the namespace.",
    };
  }
  const advice =
    'authorization' in metadata
      ? 'Check the authorization header (TEMPORAL_GRPC_META_AUTHORIZATION).'
      : `It wants credentials: set TEMPORAL_API_KEY, or ${CLIENT_CERTIFICATE}.`;
  return { reason, advice };
}

function tlsIsOff(address: string): Trouble {
  return {
    reason: `the server at ${address} speaks TLS, and TLS is off here`,
    advice:
      'Set TEMPORAL_TLS to true; for a server with an authority of its own also TEMPORAL_TLS_SERVER_CA_CERT_PATH, ' +
      `and ${CLIENT_CERTIFICATE} where it asks for them.`,
  };
}

/** The worker's TLS takes no certificate of X.509 version 1, which `openssl x509 -req` makes without extensions. */
function ofOldVersion({ clientCertPair }: TLSConfig): Trouble | undefined {
  if (clientCertPair === undefined) return undefined;
  const { raw } = new X509Certificate(clientCertPair.crt);
  if (raw.subarray(0, 16).includes(VERSION_3)) return undefined;
  return {
    reason: 'the client certificate is of X.509 version 1, which Temporal SDKs do not take',
    advice: `Have one issued of version 3 (with extensions), and name it by ${CLIENT_CERTIFICATE}.`,
  };
}

/** `[0] { INTEGER 2 }`, the first field of a certificate of version 3. */
const VERSION_3 = Buffer.from('a003020102', 'hex');

function expired({ clientCertPair }: TLSConfig): Trouble | undefined {
  if (clientCertPair === undefined) return undefined;
  const { validTo } = new X509Certificate(clientCertPair.crt);
  if (Date.parse(validTo) > Date.now()) return undefined;
  return {
    reason: `the client certificate expired on ${new Date(validTo).toISOString()}`,
    advice: `Have it renewed, and name it by ${CLIENT_CERTIFICATE}.`,
  };
}

function clientRefused(address: string, { clientCertPair }: TLSConfig): Trouble {
  if (clientCertPair === undefined) {
    return {
      reason: `the server at ${address} does not take us without a client certificate`,
      advice: `Set ${CLIENT_CERTIFICATE}.`,
    };
  }
  const { subject, issuer } = new X509Certificate(clientCertPair.crt);
  return {
    reason: `the server at ${address} does not take the client certificate of ${line(subject)}, issued by ${line(issuer)}`,
    advice: `Name one by ${CLIENT_CERTIFICATE} whose authority the server trusts.`,
  };
}

/** A distinguished name in one line. */
function line(name: string): string {
  return name.replace(/\s*\n\s*/g, ', ');
}

/** What Node calls a certificate that no known authority vouches for. */
const UNTRUSTED = /SELF_SIGNED|UNABLE_TO_|CERT_SIGNATURE_FAILURE|CERT_UNTRUSTED|INVALID_CA/;
/** What is heard from a server that speaks no TLS. */
const NO_TLS = /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST/;
/** TLS alerts about the client's certificate. */
const CLIENT_ALERT = /ALERT_(CERTIFICATE|BAD_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE)/;

function inHandshake(
  address: string,
  tls: TLSConfig,
  { code, message }: { readonly code: string; readonly message: string },
): Trouble | undefined {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const wanted = tls.serverNameOverride ?? hostOf(address);
    const [, names] = /.*altnames: (.+)$/i.exec(message) ?? [];
    return {
      reason: `the server at ${address} has no certificate for the name "${wanted}"`,
      advice: `Set TEMPORAL_TLS_SERVER_NAME to a name that its certificate has${names === undefined ? '' : `: ${names}`}.`,
    };
  }
  if (code === 'CERT_HAS_EXPIRED') {
    return { reason: `the certificate of the server at ${address} has expired`, advice: 'Have it renewed.' };
  }
  if (UNTRUSTED.test(code)) {
    return {
      reason: `the certificate of the server at ${address} is of no authority that is trusted here`,
      advice: 'Set TEMPORAL_TLS_SERVER_CA_CERT_PATH to the certificate of its authority.',
    };
  }
  if (NO_TLS.test(code)) {
    return {
      reason: `the server at ${address} speaks no TLS, and TLS is on here`,
      advice:
        'Name a server with TLS by TEMPORAL_ADDRESS; for one without, unset TEMPORAL_TLS…, and TEMPORAL_API_KEY, which is never sent in clear.',
    };
  }
  return CLIENT_ALERT.test(code) ? clientRefused(address, tls) : undefined;
}

/** Whether a server answers a TLS handshake; what its certificate is does not matter here. */
async function speaksTls(address: string): Promise<boolean> {
  if (!(await isListening(address))) return false;
  const seen = await shakeHands(address, {});
  return typeof seen === 'object' ? !NO_TLS.test(seen.code) && seen.code !== 'ECONNRESET' : seen === 'well';
}
