import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type WorkerOptions } from '@temporalio/worker';

/** The workflows' entry, compiled or as source: whichever this file is. */
const workflowsPath = fileURLToPath(
  new URL(`../../workflows/index${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
);

/** Where `npm run build` leaves the bundle. There is none beside the sources. */
const bundlePath = fileURLToPath(new URL('../../workflow-bundle.js', import.meta.url));

/** The workflow code for a worker: the prebuilt bundle when there is one, else the files to bundle. */
export function workflowCode(): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'> {
  return existsSync(bundlePath) ? { workflowBundle: { codePath: bundlePath } } : { workflowsPath };
}

/** Bundles the workflow code, so that workers start sooner and all run the very same code. */
async function buildBundle(): Promise<void> {
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: quiet });
  await writeFile(bundlePath, code);
  const [source = code] = code.split('//# sourceMappingURL=');
  console.log(`workflow bundle: ${kilobytes(source)} kB of code, ${kilobytes(code)} kB with its source map`);
}

const silent = () => undefined;
const quiet = {
  log: silent,
  trace: silent,
  debug: silent,
  info: silent,
  warn: console.warn,
  error: console.error,
};

function kilobytes(text: string): number {
  return Math.round(Buffer.byteLength(text) / 1024);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildBundle();
