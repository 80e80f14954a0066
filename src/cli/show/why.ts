import type { PurchaseReport } from '../../client/index.js';
import { meaningOf } from '../next-step.js';
import { isOvercome } from '../overcome.js';
import { hasEnded, isStopped } from '../standing.js';
import { tidy, when } from '../text.js';

/** Why a purchase is where it is, in one sentence. */
export function why(report: PurchaseReport, now: number): string {
  const { status, runStatus } = report;
  if (isStopped(runStatus)) return 'the run was stopped from outside, at Temporal';
  switch (status.phase) {
    case 'Provisioned':
      return 'the portal says that the license is provisioned';
    case 'Cancelled':
      return cancelled(report);
    case 'Provisioning':
      return withTrouble('the order exists, and GitLab has yet to provision its license', report, now);
    case 'Placing':
    case 'Confirming':
      return withTrouble(unplaced(report), report, now);
    default:
      return lastWords(report, now) ?? 'a worker has yet to say it';
  }
}

function unplaced({ answeredBy, status: { phase } }: PurchaseReport): string {
  if (phase === 'Placing' && answeredBy === 'server')
    return 'the order is to be placed, and no worker answers';
  return meaningOf(phase) ?? phase;
}

function cancelled({ status: { cancellation, subscriptionNumber: number } }: PurchaseReport): string {
  const via = cancellation?.via === 'temporal' ? 'through Temporal' : 'by a message';
  if (number !== undefined)
    return `it was cancelled ${via}: its order ${number} stands, and is not tracked any more`;
  return cancellation?.effect === 'not-placed'
    ? `it was cancelled ${via} before it placed an order`
    : `it was cancelled ${via}`;
}

/** What went wrong last, where it still matters. */
function withTrouble(reason: string, report: PurchaseReport, now: number): string {
  const trouble = hasEnded(report) || isOvercome(report.status) ? undefined : lastWords(report, now);
  return trouble === undefined ? reason : `${reason}. Last trouble: ${trouble}`;
}

/** `OrderRejected, 3m ago (…): …` */
function lastWords({ status: { lastError: error } }: PurchaseReport, now: number): string | undefined {
  return error && `${error.type}, ${when(error.at, now)}: ${tidy(error.message)}`;
}
