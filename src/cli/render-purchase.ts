import type { PlacedPurchase, StartedPurchase } from '../client/index.js';
import type { PurchaseResult } from '../contract/index.js';
import { commandFor } from './hints.js';
import type { Look, Output } from './output.js';
import { factLines, when } from './text.js';

/** The purchase was started, or was there. */
export function printStarted(started: StartedPurchase, output: Output): void {
  output.item(started, (look) => [
    look.style.bold('Purchase started'),
    ...factLines(
      [
        ['workflow', started.workflowId],
        ['run', started.runId],
        ['next', commandFor('watch', started.workflowId)],
      ],
      look.width,
    ),
  ]);
}

/** The order exists. */
export function printPlaced(placed: PlacedPurchase, output: Output): void {
  const next = placed.phase === 'Provisioned' ? 'status' : 'watch';
  output.item(placed, (look) => [
    look.style.green('The order exists'),
    ...factLines(
      [
        ['subscription', placed.subscriptionNumber ?? 'the portal gave no number yet'],
        ['phase', placed.phase],
        ['workflow', placed.workflowId],
        ['next', commandFor(next, placed.workflowId)],
      ],
      look.width,
    ),
  ]);
}

/** The license is provisioned. */
export function printResult(result: PurchaseResult, output: Output): void {
  output.item(result, (look: Look) => [
    look.style.green('Provisioned'),
    ...factLines(
      [
        ['subscription', result.subscriptionNumber ?? 'the portal gave no number'],
        ['ID', result.externalSubscriptionId],
        ['trading partner', result.tradingPartnerId],
        ['placed', when(result.placedAt, look.now)],
        ['provisioned', when(result.provisionedAt, look.now)],
      ],
      look.width,
    ),
  ]);
}
