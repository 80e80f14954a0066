import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BundleOptions, WorkerOptions } from '@temporalio/worker';
import { failureConverterPath } from '../codec/index.js';

/** The workflows' entry, compiled or as source: whichever this file is. */
const workflowsPath = fileURLToPath(
  new URL(`../../workflows/index${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
);

/** Workflow code in one file. */
export interface Bundle {
  /** Where `npm run build` leaves it. There is none beside the sources. */
  readonly path: string;
  readonly options: BundleOptions;
}

/** What purchases have always run on: failures stay readable. */
const PLAIN: Bundle = {
  path: fileURLToPath(new URL('../../workflow-bundle.js', import.meta.url)),
  options: { workflowsPath },
};

/** The same workflows. What fails in the sandbox has its message in a payload, for the codec outside to encrypt. */
const ENCRYPTING: Bundle = {
  path: fileURLToPath(new URL('../../workflow-bundle-encrypting.js', import.meta.url)),
  options: { workflowsPath, failureConverterPath },
};

/** Both, because a bundle cannot be told afterwards: without a codec, encoded failures are only harder to read. */
export const BUNDLES: readonly Bundle[] = [PLAIN, ENCRYPTING];

/** The workflow code for a worker: the prebuilt bundle when there is one, else the files to bundle. */
export function workflowCode({ isEncrypting = false } = {}): Pick<
  WorkerOptions,
  'workflowBundle' | 'workflowsPath'
> {
  const { path } = isEncrypting ? ENCRYPTING : PLAIN;
  return existsSync(path) ? { workflowBundle: { codePath: path } } : { workflowsPath };
}
