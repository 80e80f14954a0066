import { once } from 'node:events';
import { request } from 'node:http';
import { afterEach, expect, vi } from 'vitest';
import { z } from 'zod';
import { SCOPES, type Scope } from '../../src/contract/names.js';
import {
  DEMO_CLIENT,
  startSimulator,
  type Simulator,
  type SimulatorOptions,
} from '../../src/simulator/index.js';

export const PATH = '/api/v1/marketplace/subscriptions';
export const START = Date.UTC(2026, 0, 1);

/** Simulators that are closed after each test, on a clock that a test sets. */
export function useSimulators(): {
  readonly clock: { now: number };
  readonly start: (options?: SimulatorOptions) => Promise<Simulator>;
} {
  const clock = { now: START };
  let running: Simulator[] = [];
  afterEach(async () => {
    await Promise.all(running.map((simulator) => simulator.close()));
    running = [];
    clock.now = START;
  });
  const start = async (options: SimulatorOptions = {}): Promise<Simulator> => {
    const simulator = await startSimulator({ now: () => clock.now, ...options });
    running.push(simulator);
    return simulator;
  };
  return { clock, start };
}

export function askForToken({ url }: Simulator, form: Record<string, string> = {}): Promise<Response> {
  const body = new URLSearchParams({
    client_id: DEMO_CLIENT.clientId,
    client_secret: DEMO_CLIENT.clientSecret,
    grant_type: 'client_credentials',
    scope: SCOPES.read,
    ...form,
  });
  return fetch(`${url}/oauth/token`, { method: 'POST', body });
}

export async function tokenFor(
  simulator: Simulator,
  scope: Scope,
  client: string = DEMO_CLIENT.clientId,
): Promise<string> {
  const answer = await askForToken(simulator, { scope, client_id: client });
  return z.object({ access_token: z.string() }).parse(await answer.json()).access_token;
}

export async function place(
  simulator: Simulator,
  body: unknown = orderOf(),
  token?: string,
): Promise<Response> {
  const bearer = token ?? (await tokenFor(simulator, SCOPES.create));
  return fetch(`${simulator.url}${PATH}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

/** Sends an order and hangs up as soon as `until` is so. */
export async function placeAndHangUp(simulator: Simulator, until: () => boolean): Promise<void> {
  const authorization = `Bearer ${await tokenFor(simulator, SCOPES.create)}`;
  const headers = { authorization, 'content-type': 'application/json' };
  const sent = request(`${simulator.url}${PATH}`, { method: 'POST', headers });
  const lost = once(sent, 'response').catch((error: unknown) => error);
  sent.end(JSON.stringify(orderOf()));
  await vi.waitUntil(until, { timeout: 20_000, interval: 5 });
  sent.destroy();
  expect(await lost).toBeInstanceOf(Error);
}

export async function find(simulator: Simulator, id = 'EXT-1', token?: string): Promise<Response> {
  const bearer = token ?? (await tokenFor(simulator, SCOPES.read));
  return fetch(`${simulator.url}${PATH}/${encodeURIComponent(id)}`, {
    headers: { authorization: `Bearer ${bearer}` },
  });
}

export async function statusOf(simulator: Simulator, id = 'EXT-1'): Promise<unknown> {
  const answer = await find(simulator, id);
  return z.object({ status: z.string() }).parse(await answer.json()).status;
}

/** What became of a call: its HTTP status, or `lost`. */
export async function outcome(call: Promise<Response>): Promise<number | 'lost'> {
  try {
    return (await call).status;
  } catch {
    return 'lost';
  }
}

export function orderOf(id = 'EXT-1', productId = '2c92a0ff'): Record<string, unknown> {
  return {
    externalSubscriptionId: id,
    tradingPartnerId: 'TP-1',
    customer: {
      companyName: 'Example GmbH',
      contact: { firstName: 'Ada', lastName: 'Lovelace', email: 'ada@example.com', phone: '+49' },
      address: { country: 'DE', city: 'Berlin' },
    },
    orderLines: [{ productId, quantity: 10 }],
    reference: { po: 7 },
  };
}

/** A call of the control surface. */
export function control({ url }: Simulator, method: string, path: string, body?: unknown): Promise<Response> {
  return fetch(`${url}/_simulator/${path}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}
