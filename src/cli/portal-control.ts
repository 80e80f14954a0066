import { Option } from 'commander';
import { z } from 'zod';
import type { Fault } from '../simulator/index.js';
import { isLoopback } from '../temporal/loopback.js';
import { CliError, usageError } from './errors.js';
import { EXIT } from './exit-codes.js';
import { PROGRAM } from './program-name.js';
import { oneLine } from './sanitize.js';

/** How long a simulator may take for an answer, in milliseconds. */
const ANSWER_MS = 10_000;

/** No `Date` is later. */
const LATEST = 8.64e15;

/** A time that is farther away is as good as never. */
const moment = z.number().transform((milliseconds) => Math.min(milliseconds, LATEST));

const waitingFault = z.object({
  fault: z.record(z.string(), z.unknown()),
  left: z.union([z.number(), z.literal('always')]),
  skip: z.number(),
  from: moment.exactOptional(),
  until: moment.exactOptional(),
});

const call = z.object({
  at: z.number().min(0).max(LATEST),
  call: z.string(),
  status: z.union([z.number(), z.string()]),
  committed: z.boolean().exactOptional(),
  fault: z.string().exactOptional(),
  externalSubscriptionId: z.string().exactOptional(),
  scope: z.string().exactOptional(),
});

const order = z.object({
  externalSubscriptionId: z.string(),
  tradingPartnerId: z.string(),
  subscriptionNumber: z.string(),
});

const refusal = z.object({ error: z.string() });

/** A fault that waits for its calls. Times are milliseconds of the simulator's clock. */
export type WaitingFault = z.infer<typeof waitingFault>;
/** A call that a simulator took. */
export type JournaledCall = z.infer<typeof call>;
/** An order that a simulator took. */
export type TakenOrder = z.infer<typeof order>;

/** Says where the simulator is. */
export function simulatorUrlOption(): Option {
  return new Option('--url <url>', 'the simulator (default: MARKETPLACE_PORTAL_URL)');
}

/** The control surface of a simulator that runs as a process of its own, on this machine. */
export class PortalControl {
  readonly #base: URL;

  private constructor(base: URL) {
    this.#base = base;
  }

  /**
   * Does not call it yet.
   *
   * @param url where it is, unless `MARKETPLACE_PORTAL_URL` says it.
   * @throws CliError when that is no place where a simulator can be: nothing here is for the real portal.
   */
  static at(url: string | undefined, env: NodeJS.ProcessEnv = process.env): PortalControl {
    const text = url ?? env['MARKETPLACE_PORTAL_URL'] ?? '';
    const hint = `Start one: \`${PROGRAM} simulator\`. It prints its URL.`;
    if (text === '') throw usageError('name the simulator with --url, or set MARKETPLACE_PORTAL_URL', hint);
    const base = URL.canParse(text) ? new URL(text) : undefined;
    if (base?.protocol !== 'http:' || !isLoopback(base.host)) {
      const name = url === undefined ? 'MARKETPLACE_PORTAL_URL' : '--url';
      throw usageError(`${name} must be an http URL on this machine: a simulator is nowhere else`, hint);
    }
    return new PortalControl(base);
  }

  get url(): string {
    return this.#base.origin;
  }

  async faults(): Promise<WaitingFault[]> {
    return this.#read(z.array(waitingFault), 'faults');
  }

  async addFaults(faults: readonly Fault[]): Promise<number> {
    const init = { method: 'POST', body: JSON.stringify(faults) };
    return (await this.#read(z.object({ added: z.number() }), 'faults', init)).added;
  }

  async clearFaults(): Promise<void> {
    await this.#call('faults', { method: 'DELETE' });
  }

  async journal(): Promise<JournaledCall[]> {
    return this.#read(z.array(call), 'journal');
  }

  async orders(): Promise<TakenOrder[]> {
    return this.#read(z.array(order), 'orders');
  }

  async #read<T>(schema: z.ZodType<T>, path: string, init?: RequestInit): Promise<T> {
    const answer = schema.safeParse(parsed(await this.#call(path, init)));
    if (answer.success) return answer.data;
    throw this.#noSimulator('its answer is not the one of a simulator');
  }

  async #call(path: string, init: RequestInit = {}): Promise<string> {
    const { status, ok, text } = await this.#fetch(path, init);
    if (ok) return text;
    const refused = refusal.safeParse(parsed(text)).data;
    if (status === 400 && refused !== undefined) {
      throw usageError(oneLine(`the simulator refused: ${refused.error}`));
    }
    throw this.#noSimulator(`HTTP status ${status}`);
  }

  async #fetch(path: string, init: RequestInit): Promise<{ status: number; ok: boolean; text: string }> {
    const signal = AbortSignal.timeout(ANSWER_MS);
    try {
      const answer = await fetch(new URL(`/_simulator/${path}`, this.#base.origin), {
        ...init,
        headers: { 'content-type': 'application/json' },
        redirect: 'manual',
        signal,
      });
      return { status: answer.status, ok: answer.ok, text: await answer.text() };
    } catch (error) {
      throw this.#unreachable(signal.aborted ? 'no answer within 10s' : reasonOf(error));
    }
  }

  #noSimulator(reason: string): CliError {
    return usageError(
      `what answers at ${this.url} is not this program's simulator (${reason})`,
      'Name the URL that `marketplace simulator` printed.',
    );
  }

  #unreachable(reason: string): CliError {
    return new CliError({
      type: 'SimulatorUnreachable',
      message: oneLine(`no simulator answers at ${this.url} (${reason})`),
      hint: `Start one: \`${PROGRAM} simulator\`. It prints its URL.`,
      exitCode: EXIT.unreachable,
    });
  }
}

/** What `fetch` itself says is only that it failed. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
