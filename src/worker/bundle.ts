import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
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

/** Makes spans of what a run does. They reach the outside only through a sink, which a worker must have. */
const TRACING_MODULE = createRequire(import.meta.url).resolve(
  '@temporalio/interceptors-opentelemetry/lib/workflow-interceptors',
);

const bundle = (name: string, options: Partial<BundleOptions>): Bundle => ({
  path: fileURLToPath(new URL(`../../${name}.js`, import.meta.url)),
  options: { workflowsPath, ...options },
});

/** What purchases have always run on: failures stay readable. */
const PLAIN = bundle('workflow-bundle', {});

/** The same workflows. What fails in the sandbox has its message in a payload, for the codec outside to encrypt. */
const ENCRYPTING = bundle('workflow-bundle-encrypting', { failureConverterPath });

/** Both again, with spans: apart, because these make each run cost more, and complain where there is no sink. */
const traced = { workflowInterceptorModules: [TRACING_MODULE] };
const TRACED = bundle('workflow-bundle-traced', traced);
const ENCRYPTING_TRACED = bundle('workflow-bundle-encrypting-traced', { failureConverterPath, ...traced });

/** All, because a bundle cannot be told afterwards: without a codec, encoded failures are only harder to read. */
export const BUNDLES: readonly Bundle[] = [PLAIN, ENCRYPTING, TRACED, ENCRYPTING_TRACED];

/** Workflow code for a worker, and the modules to bundle with it where it is not bundled yet. */
export interface WorkflowCode extends Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'> {
  readonly workflowModules: string[];
}

/** The workflow code for a worker: the prebuilt bundle when there is one, else the files to bundle. */
export function workflowCode({ isEncrypting = false, isTraced = false } = {}): WorkflowCode {
  const [plain, encrypting] = isTraced ? [TRACED, ENCRYPTING_TRACED] : [PLAIN, ENCRYPTING];
  const { path, options } = isEncrypting ? encrypting : plain;
  return existsSync(path)
    ? { workflowBundle: { codePath: path }, workflowModules: [] }
    : { workflowsPath, workflowModules: options.workflowInterceptorModules ?? [] };
}
