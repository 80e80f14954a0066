import type { ClientConfigProfile } from '@temporalio/envconfig';
import { TemporalConfigError } from './errors.js';
import { isLoopback } from './loopback.js';

/** What gRPC sends as text. Source: gRPC over HTTP/2, "ASCII-Value". */
const HEADER_TEXT = /^[ -~]*$/;

/** What gRPC takes for the name of a header of text. Source: the same, "Header-Name". */
const HEADER_NAME = /^(?!.*-bin$)[0-9a-z_.-]+$/;

/**
 * Refuses an API key and headers that gRPC cannot send: it would do so at the first call only, in words that
 * sound as if the server did not answer, or quote the secret.
 */
export function assertSendable({ apiKey = '', grpcMeta = {} }: ClientConfigProfile): void {
  if (!HEADER_TEXT.test(apiKey)) throw unsendable("The API key (TEMPORAL_API_KEY or the profile's api_key)");
  for (const [name, value] of Object.entries(grpcMeta)) {
    if (!HEADER_NAME.test(name)) throw misnamed(name);
    if (!HEADER_TEXT.test(value)) throw unsendable(headerInWords(name));
  }
}

function unsendable(what: string): TemporalConfigError {
  return new TemporalConfigError(
    `${what} has a line break or another character that is not printable ASCII, which gRPC cannot send. ` +
      'Correct it; a line break often comes from the end of a file.',
  );
}

function misnamed(name: string): TemporalConfigError {
  return new TemporalConfigError(
    `${headerInWords(name)} has a name that gRPC cannot send with a text. ` +
      'Use letters, digits, "-", "_" and ".", and no "-bin" at the end.',
  );
}

/**
 * Refuses to send credentials without TLS. A header may go to this machine itself in clear, such as to a
 * sidecar that adds TLS.
 */
export function assertNotInClear(
  { apiKey, grpcMeta = {} }: ClientConfigProfile,
  { address, tlsSwitch }: { address: string; tlsSwitch: string | undefined },
): void {
  const where = tlsSwitch === undefined ? 'the profile (tls.disabled)' : 'TEMPORAL_TLS';
  if (apiKey !== undefined) {
    throw new TemporalConfigError(
      `${where} turns TLS off, which would send the API key in clear. Turn TLS on, or unset the API key.`,
    );
  }
  // envconfig writes the names in small letters.
  if (grpcMeta['authorization'] !== undefined && !isLoopback(address)) {
    throw new TemporalConfigError(
      `${headerInWords('authorization')} would be sent in clear, as TLS is off. ` +
        'Set TEMPORAL_TLS to true, or unset the header.',
    );
  }
}

function headerInWords(name: string): string {
  return `The gRPC header ${JSON.stringify(name)} (TEMPORAL_GRPC_META_… or the profile's grpc_meta)`;
}
