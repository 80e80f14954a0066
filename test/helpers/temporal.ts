import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { SEARCH_ATTRIBUTES } from '../../src/contract/index.js';
import { FAIRNESS } from '../../src/temporal/dev-server.js';
import { ensureSearchAttributes, resolveExecutable } from '../../src/temporal/index.js';

let isInstalled = false;

/** Only errors are logged: what goes wrong on purpose in a test is no news. */
export function quietRuntime(): void {
  if (isInstalled) return;
  isInstalled = true;
  const filter = { core: 'ERROR', other: 'ERROR' } as const;
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter } } });
}

/** A real dev server: visibility, updates, the CLI. */
export async function startDevEnvironment(): Promise<TestWorkflowEnvironment> {
  quietRuntime();
  const env = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: await resolveExecutable('cli') },
      extraArgs: [
        ...FAIRNESS,
        ...Object.values(SEARCH_ATTRIBUTES).flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
      ],
    },
  });
  return env;
}

/** A real server that skips over timers while a client waits for a result. */
export async function startTimeSkippingEnvironment(): Promise<TestWorkflowEnvironment> {
  quietRuntime();
  const env = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path: await resolveExecutable('test-server') } },
  });
  await ensureSearchAttributes(env.connection, env.namespace ?? 'default');
  return env;
}
