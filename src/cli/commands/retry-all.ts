import type { ParkedFilter, PurchaseClient, RetriedAll } from '../../client/index.js';
import { canAsk, isConfirmed } from '../confirm.js';
import { withPurchases } from '../connect.js';
import { CliError, usageError } from '../errors.js';
import { EXIT } from '../exit-codes.js';
import type { Globals } from '../global-options.js';
import type { Format, Look } from '../output.js';
import { PROGRAM } from '../program-name.js';
import { withProgress } from '../progress.js';
import { StopSignal } from '../signals.js';
import { wrap } from '../text.js';

/** Which parked purchases try again, and whether a person is asked before. */
export interface RetryAllFlags {
  readonly partner?: string;
  readonly yes?: boolean;
}

/** `marketplace retry --all` */
export async function retryAll(
  { partner, yes }: RetryAllFlags,
  { output, temporal }: Globals,
): Promise<void> {
  const { format } = output;
  if (yes !== true && !canAsk(format)) {
    throw usageError('retry --all asks a person first: without a terminal, and for JSON, it needs --yes');
  }
  const filter = partner === undefined ? {} : { tradingPartnerId: partner };
  await withPurchases(temporal, async ({ client }) => {
    if (yes !== true) await confirm(await client.countParked(filter));
    const result = await ask(client, filter, format);
    output.item(result, (look) => outcomeLines(result, look));
    if (result.failed > 0) process.exitCode = EXIT.pending;
  });
}

/** @throws CliError when a person says no. Nobody is asked about nothing. */
async function confirm(count: number): Promise<void> {
  if (count === 0 || (await isConfirmed(`Let about ${counted(count)} try again?`))) return;
  throw new CliError({
    type: 'Interrupted',
    message: 'not confirmed: none was asked to try again',
    exitCode: EXIT.interrupted,
  });
}

const INTERRUPTED_HINT =
  'A batch that was begun goes on at Temporal. See it: `temporal batch list`. It is stopped by `temporal batch terminate`.';

async function ask(client: PurchaseClient, filter: ParkedFilter, format: Format): Promise<RetriedAll> {
  const stop = new StopSignal(INTERRUPTED_HINT);
  try {
    return await withProgress('Asking the parked purchases to try again', format, (progress) => {
      const onProgress = ({ asked }: RetriedAll): void => {
        progress.update(`Asked ${counted(asked)} to try again`);
      };
      return stop.race(client.retryAll({ ...filter, onProgress }));
    });
  } finally {
    stop.dispose();
  }
}

function outcomeLines({ asked, failed, jobId }: RetriedAll, { width, style }: Look): string[] {
  if (jobId === undefined) return ['No purchase is parked. One just parked may take a moment to show up.'];
  const lines = wrap(
    `Asked ${counted(asked)} to try again. See which are parked still, in a moment: \`${PROGRAM} list --phase ActionRequired\``,
    width,
  );
  if (failed === 0) return lines;
  const missed = `${failed} could not be asked: they may have gone on or ended meanwhile. More about it: \`temporal batch describe --job-id ${jobId}\``;
  return [...lines, ...wrap(missed, width).map(style.yellow)];
}

function counted(count: number): string {
  return count === 1 ? '1 parked purchase' : `${count} parked purchases`;
}
