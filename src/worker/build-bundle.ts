import { writeFile } from 'node:fs/promises';
import { bundleWorkflowCode } from '@temporalio/worker';
import { bundlePath, workflowsPath } from './bundle.js';

/**
 * What `npm run build` runs last: bundles the workflow code, so that workers start sooner and all run the very
 * same code, and prints how large it is.
 */

const silent = () => undefined;

const { code } = await bundleWorkflowCode({
  workflowsPath,
  logger: {
    log: silent,
    trace: silent,
    debug: silent,
    info: silent,
    warn: console.warn,
    error: console.error,
  },
});
await writeFile(bundlePath, code);

const [source = code] = code.split('//# sourceMappingURL=');
const kilobytes = (text: string) => Math.round(Buffer.byteLength(text) / 1024);
console.log(`workflow bundle: ${kilobytes(source)} kB of code, ${kilobytes(code)} kB with its source map`);
