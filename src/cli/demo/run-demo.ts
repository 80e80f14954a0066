import type { PurchaseClient, PurchaseReport } from '../../client/index.js';
import type { PurchaseInput, PurchaseOptions } from '../../contract/index.js';
import type { Output } from '../output.js';
import { readPurchaseFile } from '../purchase-file.js';
import { StopSignal } from '../signals.js';
import { Cleanup } from './cleanup.js';
import { exampleOrderPath, hintLines, webUiLink, type HintFacts } from './hints.js';
import { DemoScreen } from './screen.js';
import { setStage, type Stage } from './stage.js';
import { endLines, follow } from './story.js';

export interface DemoSettings {
  readonly output: Output;
  readonly taskQueue: string;
  /** Absent: the package's example. */
  readonly orderFile: string | undefined;
  /** End after the purchase instead of staying up. */
  readonly once: boolean;
}

/** Short waits, so that a demonstration takes seconds, and ends. */
const DEMO_OPTIONS: PurchaseOptions = {
  polling: { initialInterval: '1s', backoffCoefficient: 1, deadline: '2m' },
  settling: { initialInterval: '1s', window: '10s' },
};

/** Everything at once on this machine: shows one purchase, and leaves no process behind. */
export async function runDemo(settings: DemoSettings): Promise<PurchaseReport> {
  const input = await readPurchaseFile(settings.orderFile ?? exampleOrderPath());
  const screen = await DemoScreen.open(settings.output.format);
  const stop = new StopSignal();
  const cleanup = new Cleanup();
  try {
    return await show({ ...input, options: { ...DEMO_OPTIONS, ...input.options } }, settings, {
      screen,
      stop,
      cleanup,
    });
  } finally {
    screen.still();
    if (stop.signal.aborted)
      screen.lines(['', 'Stopping the worker and the server; Ctrl-C again to force it.']);
    await cleanup.run();
    stop.dispose();
  }
}

interface Show {
  readonly screen: DemoScreen;
  readonly stop: StopSignal;
  readonly cleanup: Cleanup;
}

async function show(input: PurchaseInput, settings: DemoSettings, parts: Show): Promise<PurchaseReport> {
  const { screen, stop } = parts;
  screen.lines([screen.look.style.bold('A GitLab Marketplace purchase on Temporal, on this machine'), '']);
  const stage = await setStage(settings.taskQueue, parts);
  const { runId } = await stage.client.start(input.order, { options: input.options ?? {} });
  const facts = factsFor(stage, input, runId);
  screen.step('Purchase started', describe(input));
  screen.lines([`  ${screen.look.style.cyan(webUiLink(facts))}`]);
  // A worker that breaks down ends the demonstration; one that only stops does not.
  const broken = stage.worker.then(() => new Promise<never>(() => undefined));
  const end = await stop.race(Promise.race([followed(stage.client, input, parts), broken]));
  screen.still();
  screen.lines(endLines(end, screen));
  settings.output.item(end, () => []);
  if (settings.once) screen.lines(['', 'The server ends now. In a terminal, without --once, it stays up.']);
  else await stayUp(stage, facts, parts);
  return end;
}

/** Follows the purchase to its end, and no longer than the connection is there. */
async function followed(client: PurchaseClient, input: PurchaseInput, { screen, cleanup }: Show) {
  const over = new AbortController();
  const following = follow(client, input, screen, over.signal);
  // Temporal's client tries a failed call again even on a closed connection, and that ends the process.
  cleanup.add(async () => {
    over.abort();
    await Promise.allSettled([following]);
  });
  return following;
}

async function stayUp(stage: Stage, facts: HintFacts, { screen, stop }: Show): Promise<void> {
  screen.lines(hintLines(facts, screen.look));
  screen.lines(['', 'The server stays up. Ctrl-C ends it.']);
  await Promise.race([stop.told(), stage.worker]);
}

/** What is bought; nothing of the customer. */
function describe({ order }: PurchaseInput): string {
  const lines = order.orderLines.map(({ productId, quantity }) => `${quantity} × ${productId}`);
  return `${order.externalSubscriptionId}: ${lines.join(', ')}`;
}

function factsFor({ executable, server }: Stage, { order }: PurchaseInput, runId: string) {
  return { ids: order, runId, executable, server };
}
