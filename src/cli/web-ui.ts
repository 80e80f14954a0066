import { Option } from 'commander';
import { isLoopback } from '../temporal/loopback.js';
import { usageError } from './errors.js';

/** Where the Web UI is. */
export interface WebUi {
  readonly url: string;
  /** Whether nobody said so: it is where a server of this kind usually has it. */
  readonly isAssumed: boolean;
}

/** Says where the Web UI is, where that cannot be told from the server's address. */
export function uiUrlOption(): Option {
  return new Option(
    '--ui-url <url>',
    "Temporal's Web UI (default: TEMPORAL_UI_URL, a dev server's or Temporal Cloud's usual place)",
  );
}

/** The dev server has its Web UI on its own port plus this. Source: `temporal server start-dev --help`. */
const UI_PORT_OFFSET = 1_000;
const CLOUD = 'https://cloud.temporal.io';

/**
 * Where the Web UI of the server at an address is; `undefined` when nobody knows.
 *
 * @throws CliError when what it was told is no web address.
 */
export function findWebUi(
  address: string,
  flag: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
): WebUi | undefined {
  const told = flag ?? (env['TEMPORAL_UI_URL']?.trim() || undefined);
  if (told !== undefined) return { url: webAddress(told), isAssumed: false };
  const { host, port } = /^(?<host>.*):(?<port>\d+)$/.exec(address)?.groups ?? {};
  if (host === undefined) return undefined;
  if (host.endsWith('.tmprl.cloud') || host.endsWith('.api.temporal.io'))
    return { url: CLOUD, isAssumed: true };
  if (!isLoopback(address)) return undefined;
  return { url: `http://${host}:${Number(port) + UI_PORT_OFFSET}`, isAssumed: true };
}

function webAddress(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url.href.replace(/\/+$/, '');
  throw usageError(
    'the address of the Web UI must be a whole one, such as http://localhost:8233',
    'Correct --ui-url or TEMPORAL_UI_URL.',
  );
}
