import type { PurchaseReport } from '../client/index.js';
import { CliError } from './errors.js';
import { EXIT } from './exit-codes.js';
import { quotedCommandFor } from './hints.js';

/** Said when something was wished of a purchase that has ended. */
export function endedError({ workflowId, status }: PurchaseReport, consequence: string): CliError {
  const { phase, subscriptionNumber } = status;
  return new CliError({
    type: 'Ended',
    message: `the purchase has ended already (${phase}): ${consequence}`,
    hint: `See what became of it: ${quotedCommandFor('status', workflowId)}`,
    exitCode: EXIT.notFound,
    workflowId,
    phase,
    ...(subscriptionNumber !== undefined && { subscriptionNumber }),
  });
}
