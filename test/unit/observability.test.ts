import { setTimeout as pause } from 'node:timers/promises';
import { DefaultLogger } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import { MOST_PARTNERS } from '../../src/contract/metrics.js';
import { hostAndPort, withIpAddress } from '../../src/observability/address.js';
import { CredentialsWatch } from '../../src/observability/credentials-watch.js';
import { startHealthServer, type StatusReport, type WorkerState } from '../../src/observability/health.js';
import { outcomeOf, partnerLabels } from '../../src/observability/portal-metrics.js';
import { repeat } from '../../src/observability/repeat.js';
import { eventually } from '../helpers/eventually.js';

describe('what came of a call', () => {
  it.each([
    [{ status: 200 }, 'ok'],
    [{ status: 201 }, 'ok'],
    [{ status: 307 }, 'unexpected'],
    [{ status: 400 }, 'refused'],
    [{ status: 401 }, 'unauthorized'],
    [{ status: 403 }, 'refused'],
    [{ status: 404 }, 'not_found'],
    [{ status: 422 }, 'refused'],
    [{ status: 429 }, 'throttled'],
    [{ status: 500 }, 'unavailable'],
    [{ status: 503, retryAfterMs: 1_000 }, 'unavailable'],
    [{ code: 'ECONNREFUSED' }, 'lost'],
    [{ code: 'UND_ERR_HEADERS_TIMEOUT' }, 'lost'],
    [{ status: 200, code: 'UND_ERR_SOCKET' }, 'lost'],
    [{ code: 'UND_ERR_ABORTED' }, 'aborted'],
    [{ code: 'TOO_LATE' }, 'aborted'],
    [{ code: 'PAUSED', retryAfterMs: 1_000 }, 'held'],
    [{ code: 'CIRCUIT_OPEN', retryAfterMs: 1_000 }, 'held'],
    [{ code: 'BUSY', retryAfterMs: 1_000 }, 'held'],
    [{ code: 'STOPPING', retryAfterMs: 1_000 }, 'held'],
  ] as const)('%j is %s', (report, outcome) => {
    expect(outcomeOf({ durationMs: 0, ...report })).toBe(outcome);
  });
});

describe('the names of partners in metrics', () => {
  it('are those of the partners that have credentials of their own, as they are now', () => {
    let named = ['a'];
    const label = partnerLabels(() => named);
    expect(['a', 'b'].map(label)).toEqual(['a', 'other']);
    named = ['b'];
    expect(['a', 'b'].map(label)).toEqual(['other', 'b']);
  });

  it('are bounded where anybody may send any ID', () => {
    const label = partnerLabels(() => undefined);
    const ids = Array.from({ length: MOST_PARTNERS + 50 }, (_, n) => `partner-${n}`);
    const labels = new Set([...ids, ...ids.toReversed()].map(label));
    expect(labels.size).toBe(MOST_PARTNERS + 1);
    expect(label('partner-0')).toBe('partner-0');
    expect(label(`partner-${MOST_PARTNERS}`)).toBe('other');
  });
});

describe('an address', () => {
  it('is taken apart', () => {
    expect(hostAndPort('0.0.0.0:9464')).toEqual({ host: '0.0.0.0', port: 9464 });
    expect(hostAndPort('[::1]:9464')).toEqual({ host: '::1', port: 9464 });
  });

  it('has an IP address for a name', async () => {
    expect(await withIpAddress('localhost:9464')).toMatch(/^(127\.0\.0\.1|\[::1\]):9464$/);
    expect(await withIpAddress('[::1]:9464')).toBe('[::1]:9464');
    await expect(withIpAddress('nowhere.invalid:9464')).rejects.toThrow(/nowhere\.invalid/);
  });
});

describe('a repetition', () => {
  it('goes on until it is stopped, and waits for what is under way', async () => {
    let begun = 0;
    let done = 0;
    const repetition = repeat(1, async () => {
      begun += 1;
      await pause(5);
      done += 1;
    });
    await eventually(() => done >= 2 || undefined);
    await repetition.stop();
    expect(done).toBe(begun);
    await pause(30);
    expect(begun).toBe(done);
  });
});

describe('a watch over credentials', () => {
  it('tells of each problem once, and of its end', () => {
    const told: unknown[] = [];
    const logger = new DefaultLogger('INFO', ({ level, message, meta }) =>
      told.push([level, message, meta?.['problem']]),
    );
    let problem: string | undefined;
    const watch = new CredentialsWatch(() => problem, logger);
    const readable = [undefined, 'no JSON', 'no JSON', 'not there', undefined, undefined].map((next) => {
      problem = next;
      watch.look();
      return watch.areReadable;
    });
    expect(readable).toEqual([true, false, false, false, true, true]);
    expect(told).toEqual([
      ['WARN', 'Credentials cannot be read: what was read before is used', 'no JSON'],
      ['WARN', 'Credentials cannot be read: what was read before is used', 'not there'],
      ['INFO', 'Credentials can be read again', undefined],
    ]);
  });
});

describe('a health server', () => {
  const answers: readonly (readonly [WorkerState, number, number])[] = [
    ['starting', 200, 503],
    ['ready', 200, 200],
    ['disconnected', 200, 503],
    ['draining', 200, 503],
    ['failed', 503, 503],
  ];

  it.each(answers)(
    'of a worker that is %s answers %i to /healthz and %i to /readyz',
    async (state, healthz, readyz) => {
      const report: StatusReport = {
        worker: { identity: '1@here', buildId: 'b1', state },
        credentials: 'readable',
        traffic: { circuit: 'closed', waiting: 0, paused: [] },
      };
      const server = await startHealthServer('127.0.0.1:0', () => report);
      try {
        expect((await fetch(`${server.url}/healthz`)).status).toBe(healthz);
        const ready = await fetch(`${server.url}/readyz`);
        expect(ready.status).toBe(readyz);
        expect(await ready.text()).toBe(`${state}\n`);
        expect(ready.headers.get('cache-control')).toBe('no-store');
        expect(await (await fetch(`${server.url}/status`)).json()).toEqual(report);
        expect((await fetch(`${server.url}/metrics`)).status).toBe(404);
      } finally {
        await server.close();
      }
    },
  );
});
