import { setTimeout as delay } from 'node:timers/promises';
import type { ConnectionLike } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../contract/names.js';
import { GRPC, grpcCode } from './grpc.js';

/** What is needed of a connection; both `Connection` and `NativeConnection` have it. */
export type SearchAttributesConnection = Pick<
  ConnectionLike,
  'operatorService' | 'workflowService' | 'withDeadline'
>;

/** How long one call may take, in milliseconds. */
const CALL_TIMEOUT_MS = 10_000;

/** How long new attributes may take to be usable, in milliseconds: servers cache a namespace for seconds. */
const VISIBLE_TIMEOUT_MS = 60_000;
const POLL_INTERVAL_MS = 200;

/** `IndexedValueType` of Temporal's API, by number. Source: temporal/api/enums/v1/common.proto. */
const TYPE_NAMES = ['Unspecified', 'Text', 'Keyword', 'Int', 'Double', 'Bool', 'Datetime', 'KeywordList'];
const KEYWORD = TYPE_NAMES.indexOf('Keyword');

const NAMES: readonly string[] = Object.values(SEARCH_ATTRIBUTES);

/** Thrown when search attributes are missing and this connection may not register them. */
export class SearchAttributesMissingError extends Error {
  override readonly name = 'SearchAttributesMissingError';

  constructor(
    readonly missing: readonly string[],
    readonly namespace: string,
    options?: ErrorOptions,
  ) {
    super(
      `Namespace "${namespace}" lacks the search attributes ${missing.join(', ')}, and this connection may not ` +
        `register them. Have somebody who may run this, or add them as Keyword in Temporal Cloud's settings of ` +
        `the namespace:\n  ${createCommand(namespace, missing)}`,
      options,
    );
  }
}

/** Thrown when a search attribute is registered with another type than Keyword. */
export class SearchAttributeTypeError extends Error {
  override readonly name = 'SearchAttributeTypeError';

  constructor(
    readonly wrong: readonly { readonly attribute: string; readonly type: string }[],
    readonly namespace: string,
  ) {
    const found = wrong.map(({ attribute, type }) => `${attribute} is ${type}`).join(', ');
    super(
      `Namespace "${namespace}" has search attributes of another type than Keyword: ${found}. ` +
        'A type cannot be changed: rename or remove them there, or use a namespace of its own for purchases.',
    );
  }
}

/** Thrown when registered search attributes are still not usable after a minute. */
export class SearchAttributesNotVisibleError extends Error {
  override readonly name = 'SearchAttributesNotVisibleError';

  constructor(namespace: string, options: ErrorOptions) {
    super(
      `The search attributes ${NAMES.join(', ')} are registered in namespace "${namespace}", but the server does ` +
        `not know them after ${VISIBLE_TIMEOUT_MS / 1_000} s. Look into the server's log, and start again.`,
      options,
    );
  }
}

/**
 * Sees to it that the namespace has the search attributes of the contract, and waits until the server takes
 * them: a workflow task that sets an unknown one fails over and over.
 *
 * @throws SearchAttributesMissingError, SearchAttributeTypeError, SearchAttributesNotVisibleError
 * @throws the connection's error when the server cannot be reached or has no such namespace.
 */
export async function ensureSearchAttributes(
  connection: SearchAttributesConnection,
  namespace: string,
): Promise<void> {
  const registered = await listed(connection, namespace);
  if (registered !== undefined) assertTypes(registered, namespace);
  const missing = NAMES.filter((name) => registered?.has(name) !== true);
  await register(connection, namespace, missing);
  await untilVisible(connection, namespace);
}

/** The registered attributes and their types, or `undefined` where the server does not tell. */
async function listed(
  connection: SearchAttributesConnection,
  namespace: string,
): Promise<Map<string, number> | undefined> {
  try {
    const { customAttributes } = await bounded(connection, () =>
      connection.operatorService.listSearchAttributes({ namespace }),
    );
    return new Map(Object.entries(customAttributes));
  } catch (error) {
    // The time-skipping test server has no such call; others may not permit it.
    if (isRefused(error)) return undefined;
    throw error;
  }
}

function assertTypes(registered: ReadonlyMap<string, number>, namespace: string): void {
  const wrong = NAMES.flatMap((attribute) => {
    const type = registered.get(attribute);
    return type === undefined || type === KEYWORD
      ? []
      : [{ attribute, type: TYPE_NAMES[type] ?? `type ${type}` }];
  });
  if (wrong.length > 0) throw new SearchAttributeTypeError(wrong, namespace);
}

async function register(
  connection: SearchAttributesConnection,
  namespace: string,
  names: readonly string[],
): Promise<void> {
  try {
    for (const name of names) await registerOne(connection, namespace, name);
  } catch (error) {
    if (!isRefused(error)) throw error;
    const missing = await unusable(connection, namespace, names);
    if (missing.length > 0) throw new SearchAttributesMissingError(missing, namespace, { cause: error });
  }
}

/** One at a time: the test server refuses a whole request over one attribute that is there already. */
async function registerOne(
  connection: SearchAttributesConnection,
  namespace: string,
  name: string,
): Promise<void> {
  const searchAttributes: Record<string, number> = { [name]: KEYWORD };
  try {
    await bounded(connection, () =>
      connection.operatorService.addSearchAttributes({ namespace, searchAttributes }),
    );
  } catch (error) {
    // Another worker was faster, or the server could not be asked what it has.
    if (grpcCode(error) !== GRPC.alreadyExists) throw error;
  }
}

/** Those of the attributes that the server does not take in a query: the way to ask that needs no operator's rights. */
async function unusable(
  connection: SearchAttributesConnection,
  namespace: string,
  names: readonly string[],
): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const name of names) {
    if ((await queryProblem(connection, namespace, [name])) !== undefined) missing.push(name);
  }
  return missing;
}

async function untilVisible(connection: SearchAttributesConnection, namespace: string): Promise<void> {
  const giveUpAt = Date.now() + VISIBLE_TIMEOUT_MS;
  for (;;) {
    const problem = await queryProblem(connection, namespace, NAMES);
    if (problem === undefined) return;
    if (Date.now() >= giveUpAt) throw new SearchAttributesNotVisibleError(namespace, { cause: problem });
    await delay(POLL_INTERVAL_MS);
  }
}

/** Why the server refuses a query by these attributes; `undefined` when it takes it, or has no such call. */
async function queryProblem(
  connection: SearchAttributesConnection,
  namespace: string,
  names: readonly string[],
): Promise<unknown> {
  const query = names.map((name) => `${name} = 'none'`).join(' AND ');
  try {
    await bounded(connection, () =>
      connection.workflowService.listWorkflowExecutions({ namespace, query, pageSize: 1 }),
    );
    return undefined;
  } catch (error) {
    if (isRefused(error)) return undefined;
    if (grpcCode(error) === GRPC.invalidArgument) return error;
    throw error;
  }
}

async function bounded<Answer>(
  connection: SearchAttributesConnection,
  call: () => Promise<Answer>,
): Promise<Answer> {
  return await connection.withDeadline(Date.now() + CALL_TIMEOUT_MS, call);
}

function isRefused(error: unknown): boolean {
  const code = grpcCode(error);
  return code === GRPC.permissionDenied || code === GRPC.unimplemented;
}

/** The CLI's line that registers attributes. */
function createCommand(namespace: string, names: readonly string[]): string {
  const attributes = names.map((name) => `--name ${name} --type Keyword`).join(' ');
  return `temporal operator search-attribute create --namespace ${namespace} ${attributes}`;
}
