import { writeFile } from 'node:fs/promises';
import { setInterval as every } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { freePorts, LOOPBACK } from '../src/temporal/ports.js';
import { buyAll } from './buy.js';
import { plotOf } from './plot.js';
import { startStage } from './stage.js';
import { quantile, slope } from './statistics.js';
import type { WorkerProcess } from './worker-process.js';

// `npm run soak`: many purchases through one worker, and the memory that it holds meanwhile.

const WORKER = fileURLToPath(new URL('../src/worker/main.js', import.meta.url));
const SAMPLE_MS = 5_000;
/** How much more the worker may hold in the last quarter than in the second; the first one is its start. */
const MOST_GROWTH = 1.1;
/** A shorter run is over while the worker is still filling its caches. */
const LEAST_TO_JUDGE = 10_000;
const MIB = 1024 ** 2;
/** Calls a second to the portal: the worker keeps to a rate, but is not held up by it. */
const MORE_THAN_ARE_MADE = '250';

/** What the worker held when so many purchases were done. */
export interface Sample {
  readonly seconds: number;
  readonly purchases: number;
  readonly mib: number;
}

const { values } = parseArgs({
  options: {
    purchases: { type: 'string', default: '50000' },
    width: { type: 'string', default: '40' },
    csv: { type: 'string', default: 'soak.csv' },
    svg: { type: 'string', default: 'soak.svg' },
  },
});
const count = Number(values.purchases);
const width = Number(values.width);
if (!(count >= 20) || !(width >= 1)) throw new RangeError('--purchases is from 20 on, --width from 1 on');

// Ctrl-C: what is begun ends, and what was seen so far is written down.
const enough = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => enough.abort());

report(await soak());

async function soak(): Promise<readonly Sample[]> {
  const stage = await startStage();
  try {
    const [metrics, health] = (await freePorts([0, 0])).map((port) => `${LOOPBACK}:${port}`);
    const worker = await stage.startWorker(WORKER, {
      MARKETPLACE_METRICS_ADDRESS: metrics ?? '',
      MARKETPLACE_HEALTH_ADDRESS: health ?? '',
      MARKETPLACE_PORTAL_RATE: MORE_THAN_ARE_MADE,
    });
    const watch = watching(worker, `http://${metrics}/metrics`);
    const purchases = stage.purchases('marketplace-purchases');
    const load = { count, width, signal: enough.signal, onDone: watch.done };
    let bought = 0;
    try {
      const taken = await buyAll({ ...stage, ...load, purchases, name: 'SOAK' });
      bought = taken.length;
    } finally {
      await watch.stop();
    }
    await worker.stop();
    if (stage.simulator.orders().length !== bought) throw new Error('the portal has not one order for each');
    return watch.samples;
  } finally {
    await stage.stop();
  }
}

/** Looks at the worker's memory from now on, and scrapes its metrics as Prometheus does. */
function watching(worker: WorkerProcess, metricsUrl: string) {
  const samples: Sample[] = [];
  const leave = new AbortController();
  const startedAt = performance.now();
  let done = 0;
  const sample = async () => {
    await (await fetch(metricsUrl)).text();
    const seconds = Math.round((performance.now() - startedAt) / 1_000);
    const mib = (await worker.residentBytes()) / MIB;
    samples.push({ seconds, purchases: done, mib: Math.round(mib * 10) / 10 });
  };
  const watched = (async () => {
    try {
      for await (const _ of every(SAMPLE_MS, undefined, { signal: leave.signal })) await sample();
    } catch (error) {
      if (!leave.signal.aborted) throw error;
    }
  })();
  return {
    samples,
    done: (now: number) => {
      done = now;
      if (now % 1_000 === 0) console.log(`${now} purchases, worker at ${samples.at(-1)?.mib ?? '?'} MiB`);
    },
    stop: async () => {
      leave.abort();
      await watched;
      await sample();
      // Hours may be in it, also where a purchase failed in the end.
      await writeFile(values.csv, csvOf(samples));
      await writeFile(values.svg, plotOf(samples));
    },
  };
}

function csvOf(all: readonly Sample[]): string {
  return [
    'seconds,purchases,mib',
    ...all.map((one) => `${one.seconds},${one.purchases},${one.mib}`),
    '',
  ].join('\n');
}

function report(all: readonly Sample[]): void {
  const done = all.at(-1)?.purchases ?? 0;
  const quarter = (number: number) =>
    all.filter(({ purchases }) => Math.min(3, Math.floor((4 * purchases) / done)) === number - 1);
  const median = (number: number) =>
    quantile(
      quarter(number).map(({ mib }) => mib),
      0.5,
    );
  const later = all.filter(({ purchases }) => purchases >= done / 4);
  const growth = slope(later.map(({ purchases, mib }) => ({ x: purchases / 10_000, y: mib })));
  const seconds = all.at(-1)?.seconds ?? 0;
  console.log(
    `${done} purchases in ${seconds} s (${(done / seconds).toFixed(1)} a second): none failed, one order each.`,
  );
  console.log(
    `Worker's memory, median of each quarter: ${[1, 2, 3, 4].map((number) => median(number).toFixed(0)).join(', ')} MiB; ` +
      `after the first quarter ${growth.toFixed(2)} MiB more for each 10,000 purchases.`,
  );
  if (done >= LEAST_TO_JUDGE && median(4) > MOST_GROWTH * median(2)) {
    console.error('The memory grows.');
    process.exitCode = 1;
  }
}
