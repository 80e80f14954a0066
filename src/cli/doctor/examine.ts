import { taskQueueIn } from '../../config.js';
import { environmentWith, withPurchases, type TemporalFlags } from '../connect.js';
import { reportOf } from '../errors.js';
import { checkCodecKeys } from './codec-keys.js';
import { bad, check, notChecked, type CheckName, type Finding } from './finding.js';
import { checkPortal } from './portal-checks.js';
import { checkTemporal } from './temporal-checks.js';
import { checkWorkers } from './worker-checks.js';

/**
 * Does every check; none of them throws, and each takes bounded time.
 *
 * @param workers the health servers of workers. @default the one that is configured here
 */
export async function examine(flags: TemporalFlags, workers?: readonly string[]): Promise<Finding[]> {
  const env = environmentWith(flags);
  const [temporal, portal, ofWorkers, codec] = await Promise.all([
    connectAndCheck(flags, taskQueueIn(env)),
    checkPortal(env),
    checkWorkers(env, workers),
    check('codec keys', () => checkCodecKeys(env)),
  ]);
  return [...temporal, ...portal, ...ofWorkers, codec];
}

const NEEDS_TEMPORAL: readonly CheckName[] = [
  'namespace',
  'search attributes',
  'workflow workers',
  'activity workers',
  'worker builds',
  'backlog',
  'clock, Temporal',
];

async function connectAndCheck(flags: TemporalFlags, taskQueue: string): Promise<Finding[]> {
  try {
    return await withPurchases(flags, ({ temporal: client, address }) =>
      checkTemporal({ client, address, taskQueue }),
    );
  } catch (error) {
    const { message, hint } = reportOf(error);
    return [
      { check: 'temporal', ...bad(message, hint) },
      ...NEEDS_TEMPORAL.map((name) => ({ check: name, ...notChecked('there is no connection to Temporal') })),
    ];
  }
}
