import { Agent, request } from 'undici';
import { z } from 'zod';
import { oneLine } from '../sanitize.js';

/** How long a worker may take to answer, in milliseconds, and how much it may tell, in bytes. */
const ANSWER_MS = 3_000;
const LARGEST_ANSWER = 4_194_304;

/** What of a worker's `/status` is told; a newer worker may tell more. */
const statusSchema = z.object({
  worker: z.object({ identity: z.string(), state: z.string() }),
  /** What an older worker does not tell. */
  credentials: z.string().exactOptional(),
  traffic: z.object({
    rate: z.object({ fleet: z.number(), own: z.number(), workers: z.number() }).exactOptional(),
    circuit: z.string(),
    waiting: z.number(),
    paused: z.array(z.object({ tradingPartnerId: z.string(), until: z.string() })),
  }),
});

/** How a worker, its credentials and its calls to the portal stand. */
export type WorkerStatus = z.infer<typeof statusSchema>;

/** What a worker said, or why that is not known. */
export type WorkerAnswer =
  | { readonly at: string; readonly status: WorkerStatus }
  | { readonly at: string; readonly problem: string };

/**
 * Asks a worker how it stands; never throws.
 *
 * @param worker where its health server is: `host:port` as in `MARKETPLACE_HEALTH_ADDRESS`, or a URL.
 */
export async function askWorker(worker: string): Promise<WorkerAnswer> {
  const url = statusUrl(worker);
  if (url === undefined) return { at: oneLine(worker), problem: 'is no host:port and no URL' };
  const at = oneLine(url.host);
  // One of its own, so that no connection that is kept for later keeps the process.
  const dispatcher = new Agent({ maxResponseSize: LARGEST_ANSWER });
  try {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const { body } = await request(url, { dispatcher, signal, headers: { accept: 'application/json' } });
    return { at, status: statusSchema.parse(await body.json()) };
  } catch (error) {
    const isOther = error instanceof z.ZodError || error instanceof SyntaxError;
    return {
      at,
      problem: isOther ? 'answers, but not as a worker would' : `does not answer (${codeOf(error)})`,
    };
  } finally {
    await dispatcher.destroy();
  }
}

/** `undefined` where no worker can be. */
function statusUrl(worker: string): URL | undefined {
  const text = /^https?:\/\//.test(worker) ? worker : `http://${worker}`;
  if (!URL.canParse(text)) return undefined;
  const url = new URL('/status', text);
  // What listens at every address of this machine is asked at one of them.
  if (url.hostname === '0.0.0.0') url.hostname = '127.0.0.1';
  if (url.hostname === '[::]') url.hostname = '[::1]';
  return url;
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
