import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';
import { BUNDLES } from './bundle.js';

/**
 * What `npm run build` runs last: bundles the workflow code, so that workers start sooner and all run the very
 * same code, and prints how large it is.
 */

const silent = () => undefined;
const logger = {
  log: silent,
  trace: silent,
  debug: silent,
  info: silent,
  warn: console.warn,
  error: console.error,
};

const kilobytes = (text: string) => Math.round(Buffer.byteLength(text) / 1024);

for (const { path, options } of BUNDLES) {
  const { code } = await bundleWorkflowCode({ ...options, logger });
  await writeFile(path, code);
  const [source = code] = code.split('//# sourceMappingURL=');
  console.log(
    `${basename(path)}: ${kilobytes(source)} kB of code, ${kilobytes(code)} kB with its source map`,
  );
}
