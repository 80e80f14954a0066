import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

// `npm run campaign`: starts the campaign's tests with as many runs as it is told.

const USAGE = `Usage: npm run campaign -- [--runs N] [--seed S] [--path P]
       npm run campaign -- --script FILE

  --runs N       purchases on the server that skips time; a twentieth as many on a real one (default 500)
  --seed S       from which the scripts are made (default: another one each time)
  --path P       with the seed, goes straight to one script, as a failure prints it
  --script FILE  plays one script, as a failure leaves it in test/campaign/failures`;

function wholeNumber(text, least) {
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number) && number >= least) return text;
  throw new TypeError(`not a whole number from ${least} on: ${text}`);
}

function environmentFor() {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '500' },
      seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
      path: { type: 'string' },
      script: { type: 'string' },
    },
  });
  return {
    CAMPAIGN_RUNS: wholeNumber(values.runs, 1),
    CAMPAIGN_SEED: wholeNumber(values.seed, 0),
    ...(values.path !== undefined && { CAMPAIGN_PATH: values.path }),
    ...(values.script !== undefined && { CAMPAIGN_SCRIPT: resolve(values.script) }),
  };
}

let environment;
try {
  environment = environmentFor();
} catch (error) {
  console.error(`${error.message}\n\n${USAGE}`);
  process.exit(2);
}

const root = fileURLToPath(new URL('../../', import.meta.url));
const child = spawn(
  process.execPath,
  [
    'node_modules/vitest/vitest.mjs',
    'run',
    'test/campaign/',
    '--reporter=verbose',
    '--disable-console-intercept',
  ],
  { cwd: root, stdio: 'inherit', env: { ...process.env, ...environment } },
);
process.once('SIGTERM', () => child.kill('SIGTERM'));
child.once('exit', (code) => {
  process.exitCode = code ?? 1;
});
