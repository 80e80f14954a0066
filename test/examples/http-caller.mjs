/**
 * The command line that all examples share, for the backend in examples/typescript: starts it, calls it by HTTP,
 * and ends it. `node http-caller.mjs BACKEND purchase|status|cancel …`
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

const EXIT_CODES = { 200: 0, 201: 0, 202: 3, 404: 1, 409: 1, 422: 1, 503: 1 };

const [backend, command, ...args] = process.argv.slice(2);
const child = spawn(process.execPath, [backend], {
  env: { ...process.env, PORT: '0' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
process.once('exit', () => child.kill('SIGKILL'));
process.once('SIGTERM', () => process.exit());
const [line] = await once(createInterface({ input: child.stdout }), 'line');
const url = /^listening on (http:\S+)$/.exec(line)[1];

process.exitCode = await (command === 'purchase' ? purchase(args[0]) : ask(command, args));
child.kill('SIGTERM');
const [ending] = await once(child, 'close');
if (ending !== 0) throw new Error(`the backend ended with ${ending}`);

async function purchase(file) {
  const order = await readFile(file, 'utf8');
  const placed = await call('/orders', { method: 'POST', body: order });
  const { subscriptionNumber } = placed.body;
  if (placed.status !== 201) return say(placed);
  say({ ...placed, body: { subscriptionNumber } });
  const { tradingPartnerId, externalSubscriptionId } = JSON.parse(order);
  const path = pathOf(tradingPartnerId, externalSubscriptionId);
  for (let tries = 0; tries < 500; tries += 1) {
    const result = await call(`${path}/result`);
    if (result.status !== 202) return say(result);
    await pause(200);
  }
  throw new Error('there is no result');
}

async function ask(what, ids) {
  const path = pathOf(...ids);
  if (what === 'cancel') return say(await call(`${path}/cancel`, { method: 'POST' }));
  const { status, body } = await call(path);
  return say({ status, body: body.status ?? body });
}

function pathOf(...ids) {
  return `/orders/${ids.map(encodeURIComponent).join('/')}`;
}

async function call(path, request) {
  const response = await fetch(`${url}${path}`, request);
  console.error(`${request?.method ?? 'GET'} ${response.status}`);
  return { status: response.status, body: await response.json() };
}

/** @returns the exit code */
function say({ status, body }) {
  console.log(JSON.stringify(body));
  const exitCode = EXIT_CODES[status];
  if (exitCode === undefined) throw new Error(`the backend answered ${status}`);
  return exitCode;
}
