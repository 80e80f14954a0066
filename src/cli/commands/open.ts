import { WorkflowNotFoundError } from '@temporalio/client';
import { Command } from 'commander';
import { serverReport } from '../../client/report.js';
import { purchaseWorkflowId, type PurchaseIds } from '../../contract/index.js';
import { withPurchases, type Purchases } from '../connect.js';
import { CliError, usageError } from '../errors.js';
import { EXIT } from '../exit-codes.js';
import { findPurchase, shownWorkflowId } from '../find-purchase.js';
import { globalsOf } from '../global-options.js';
import { LIST_HINT } from '../hints.js';
import { openInBrowser } from '../opener.js';
import { partnerOption } from '../partner-option.js';
import { PROGRAM } from '../program-name.js';
import { standing } from '../standing.js';
import { when } from '../text.js';
import { findWebUi, uiUrlOption } from '../web-ui.js';
import { runUrl } from '../../temporal/ui-links.js';

const HELP = `
Prints the address of the run's page in Temporal's Web UI. On a terminal it opens it, too. Needs no worker. Where the
Web UI is says --ui-url or TEMPORAL_UI_URL; of a dev server on this machine and of Temporal Cloud it is known.

Examples:
  $ ${PROGRAM} open EXT-1001
  $ ${PROGRAM} open EXT-1001 --ui-url https://temporal.example.com
  $ ${PROGRAM} open EXT-1001 -o json | jq -r .url`;

interface OpenFlags {
  readonly partner?: string;
  readonly uiUrl?: string;
}

export function openCommand(): Command {
  return new Command('open')
    .description("a purchase's page in Temporal's Web UI")
    .argument('<id>', 'the externalSubscriptionId, or the workflow ID')
    .addOption(partnerOption())
    .addOption(uiUrlOption())
    .addHelpText('after', HELP)
    .action(open);
}

async function open(id: string, { partner, uiUrl }: OpenFlags, command: Command): Promise<void> {
  const { output, temporal } = globalsOf(command);
  await withPurchases(temporal, async (purchases) => {
    const webUi = findWebUi(purchases.address, uiUrl);
    if (webUi === undefined) {
      throw usageError(
        `nobody said where the Web UI of the Temporal server at ${purchases.address} is`,
        'Name it with --ui-url or TEMPORAL_UI_URL.',
      );
    }
    const ids = await findPurchase(purchases.client, id, partner);
    const run = await lastRun(purchases, ids);
    const url = runUrl(
      { url: webUi.url, namespace: purchases.temporal.options.namespace },
      run.workflowId,
      run.runId,
      'user-metadata',
    );
    output.item({ ...run, url, isAssumed: webUi.isAssumed }, () => [url]);
    // Not on standard output, where a script expects the address alone.
    output.note(
      ({ now }) =>
        `${standing(run)}, by the server's record of ${when(run.asOf, now)}${webUi.isAssumed ? '. The Web UI is assumed where it usually is: --ui-url names another place' : ''}`,
    );
    const isForPerson = output.format === 'text' && process.stdout.isTTY;
    if (isForPerson && !(await openInBrowser(url)))
      output.note(() => 'No browser could be opened from here.');
  });
}

/** The run, and what the server keeps of it, which needs no worker. */
async function lastRun({ temporal }: Purchases, ids: PurchaseIds) {
  const workflowId = purchaseWorkflowId(ids);
  const description = await temporal.workflow
    .getHandle(workflowId)
    .describe()
    .catch((error: unknown) => {
      throw error instanceof WorkflowNotFoundError ? notFound(ids) : error;
    });
  const { runStatus, asOf, status } = serverReport(description, ids);
  return { workflowId, runId: description.runId, runStatus, phase: status.phase, asOf };
}

function notFound(ids: PurchaseIds): CliError {
  return new CliError({
    type: 'NotFound',
    message: `there is no purchase ${shownWorkflowId(ids)}`,
    hint: LIST_HINT,
    exitCode: EXIT.notFound,
  });
}
