import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CliError } from '../src/cli/errors.js';
import { StopSignal } from '../src/cli/signals.js';
import { StackError } from './errors.js';
import { Stack } from './stack.js';

// `npm run stack`: all that a production consists of, as processes on this machine, until Ctrl-C.

const USAGE = `Usage: npm run stack -- [--data DIR]

  --data DIR  keeps the database, keys and logs there, and takes up what is there (default: a temporary folder)`;

/** Calls a second to the portal, of both workers together. */
const PORTAL_RATE = '20';

function dataFolder(): string | undefined {
  const { values } = parseArgs({ options: { data: { type: 'string' } } });
  return values.data === undefined ? undefined : resolve(values.data);
}

function summary(stack: Stack): string {
  const { temporal, folder, ports, codecSecret } = stack;
  const lines = [
    ['Web UI', stack.uiUrl],
    ['Temporal', `${temporal.address} (HTTP API: ${temporal.httpUrl})`],
    ['portal', stack.portalUrl],
    ['codec server', `${stack.codecUrl}, with the bearer token ${codecSecret}`],
    ['Prometheus', stack.prometheusUrl ?? 'not installed: apt-get install prometheus'],
    ...ports.workers.map(({ metrics, health }, index) => [
      `worker ${index + 1}`,
      `http://${metrics}/metrics, http://${health}/status`,
    ]),
    ['logs', folder.logFile('*')],
  ];
  return [
    '',
    ...lines.map(([what = '', where = '']) => `${what.padEnd(13)} ${where}`),
    '',
    'Buy, in another terminal:',
    `  export TEMPORAL_ADDRESS=${temporal.address} MARKETPLACE_CODEC_KEYS_FILE=${stack.keysFile}`,
    '  npx marketplace purchase examples/order.json',
    '',
    'Ctrl-C ends it all.',
  ].join('\n');
}

async function run(data: string | undefined): Promise<void> {
  const stop = new StopSignal();
  const begun = Date.now();
  try {
    const stack = await Stack.start({
      data,
      usualPorts: true,
      workerEnv: { MARKETPLACE_PORTAL_RATE: PORTAL_RATE },
      tell: (line) => console.log(`  ${line}`),
      signal: stop.signal,
    });
    console.log(`up after ${Math.round((Date.now() - begun) / 1_000)} s`);
    console.log(summary(stack));
    await stop.told();
    console.log('ending');
    await stack.stop();
  } finally {
    stop.dispose();
  }
}

try {
  await run(dataFolder());
} catch (error) {
  const isExpected = error instanceof StackError || error instanceof CliError;
  const isUsage = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE');
  console.error(isUsage ? `${error.message}\n\n${USAGE}` : isExpected ? error.message : error);
  process.exitCode = isUsage ? 2 : 1;
}
