import { delimiter, dirname, relative, resolve } from 'node:path';
import { purchaseWorkflowId, type PurchaseIds } from '../../contract/index.js';
import { loadTemporalConfig } from '../../temporal/index.js';
import type { Look } from '../output.js';
import { packageFile } from '../package-files.js';
import { PROGRAM } from '../program-name.js';
import { shellQuote } from '../text.js';
import { runUrl } from '../../temporal/ui-links.js';

/** What the lines to try next are about. */
export interface HintFacts {
  readonly ids: PurchaseIds;
  readonly runId: string;
  /** The path of the `temporal` CLI. */
  readonly executable: string;
  readonly server: {
    readonly address: string;
    readonly namespace: string;
    readonly uiUrl: string | undefined;
  };
}

/** The Web UI's page of a run. */
export function webUiLink({ ids, runId, server }: HintFacts): string {
  return runUrl(
    { url: server.uiUrl ?? '', namespace: server.namespace },
    purchaseWorkflowId(ids),
    runId,
    'user-metadata',
  );
}

/** What to try while the server runs: lines to copy and paste. */
export function hintLines(facts: HintFacts, { style }: Look, env: NodeJS.ProcessEnv = process.env): string[] {
  const flags = serverFlags(facts, env);
  const id = shellQuote(facts.ids.externalSubscriptionId);
  const workflow = `--workflow-id ${shellQuote(purchaseWorkflowId(facts.ids))}`;
  const marketplace = (rest: string): string => `  ${PROGRAM} ${rest}${flags}`;
  const { command, definition } = temporalCommand(facts.executable, env);
  return [
    '',
    style.bold('Try next, in another terminal'),
    marketplace(`show ${id}`),
    marketplace('list'),
    ...definition,
    `  ${command} workflow show ${workflow}${flags}`,
    `  ${command} workflow query ${workflow} --name status${flags}`,
    '',
    style.bold('Another purchase, to follow and to signal while it runs'),
    `  sed s/EXT-1001/EXT-1002/ ${exampleOrder()} | ${PROGRAM} purchase -${flags}`,
    marketplace('watch EXT-1002'),
    `  ${command} workflow signal --workflow-id ${secondWorkflowId()} --name poll${flags}`,
  ];
}

/** The flags with which other terminals find this server, if they do not find it anyway. */
function serverFlags({ server }: HintFacts, env: NodeJS.ProcessEnv): string {
  const { address, namespace } = configured(env);
  const isFound = address === server.address || address === server.address.replace('127.0.0.1', 'localhost');
  return [
    isFound ? '' : ` --address ${server.address}`,
    namespace === server.namespace ? '' : ` --namespace ${server.namespace}`,
  ].join('');
}

function configured(env: NodeJS.ProcessEnv): { address?: string; namespace?: string } {
  try {
    const { connectionOptions, namespace } = loadTemporalConfig(env);
    return { address: connectionOptions.address, namespace };
  } catch {
    return {};
  }
}

/** `temporal`, or a shell variable for its path, defined once, when the shell would not find it. */
function temporalCommand(executable: string, env: NodeJS.ProcessEnv) {
  const folders = (env['PATH'] ?? '').split(delimiter);
  return folders.includes(dirname(executable))
    ? { command: 'temporal', definition: [] }
    : { command: '"$TEMPORAL"', definition: [`  TEMPORAL=${shellQuote(executable)}`] };
}

/** The path of the order that the demonstration buys. */
export function exampleOrderPath(): string {
  return packageFile('examples', 'order.json');
}

function exampleOrder(): string {
  const path = exampleOrderPath();
  const fromHere = relative(process.cwd(), resolve(path));
  return shellQuote(fromHere.startsWith('..') ? path : fromHere);
}

/** The example's IDs, with the other `externalSubscriptionId`. */
function secondWorkflowId(): string {
  return shellQuote(
    purchaseWorkflowId({ tradingPartnerId: '0012300000AbCdE', externalSubscriptionId: 'EXT-1002' }),
  );
}
