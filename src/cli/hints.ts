import { GITLAB_CONTACT } from '../contract/index.js';
import { PROGRAM } from './program-name.js';
import { oneLine } from './sanitize.js';
import { shellQuote, tidy } from './text.js';

/** The line that shows more about a purchase, or helps it on. */
export function commandFor(command: KnownCommand, workflowId: string | undefined): string {
  return `${PROGRAM} ${command} ${workflowId === undefined ? 'ID' : shellQuote(oneLine(workflowId))}`;
}

/** Those that take a purchase's ID alone. */
type KnownCommand = 'status' | 'show' | 'watch' | 'retry' | 'cancel' | 'amend' | 'open';

/** The same, as it stands in a sentence: it is not broken over lines. */
export function quotedCommandFor(...args: Parameters<typeof commandFor>): string {
  return `\`${commandFor(...args)}\``;
}

/** What the workflow tells a person to do, with the command where it names a message. */
export function withCommands(advice: string, workflowId: string | undefined): string {
  return tidy(advice)
    .replaceAll('send the "retry" signal', () => `run ${quotedCommandFor('retry', workflowId)}`)
    .replaceAll(
      'Send a corrected order with the "amendOrder" update',
      () => `Correct the order and run \`${commandFor('amend', workflowId)} FILE\``,
    )
    .replaceAll('or cancel the purchase', () => `or run ${quotedCommandFor('cancel', workflowId)}`)
    .replace(/start(?:ing)? the purchase again/i, (words) => `${words} (\`${PROGRAM} purchase FILE\`)`);
}

export const LIST_HINT = `See what there is: \`${PROGRAM} list\``;

/** What to do when no worker answers. One that crashed still holds the questions until the server gives it up. */
export const WORKER_HINT = `If a worker was just started, ask again in a moment; otherwise start one (npm run worker, or \`${PROGRAM} worker\`) that serves the same task queue and namespace.`;

/** The same, where nothing else says that none answered. A status is waited for so long. */
export const UNANSWERED_HINT = `No worker answered within 5s. ${WORKER_HINT}`;

/** What to do about a run that was ended from outside. */
export const STOPPED_HINT =
  'Starting the purchase again is safe: it looks for the order before it places one. It may first wait in Confirming, for an order that may still be on its way.';

/** What to do when nobody knows whether an order exists, and nothing finds it out any more. */
export const UNKNOWN_ORDER_HINT = `Ask GitLab whether the order exists (${GITLAB_CONTACT}), or start the purchase again: it looks for the order before it places one.`;
