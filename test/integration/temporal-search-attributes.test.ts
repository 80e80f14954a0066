import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { SearchAttributeType, TypedSearchAttributes, defineSearchAttributeKey } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SEARCH_ATTRIBUTES } from '../../src/contract/names.js';
import {
  SearchAttributeTypeError,
  SearchAttributesMissingError,
  ensureSearchAttributes,
  resolveExecutable,
  startDevServer,
} from '../../src/temporal/index.js';
import type { DevServer, SearchAttributesConnection } from '../../src/temporal/index.js';

const NAMES = Object.values(SEARCH_ATTRIBUTES);

let executable: string;

beforeAll(async () => {
  executable = await resolveExecutable('cli');
}, 600_000);

/** Starts a purchase-like run that nobody works on, with every search attribute set. */
async function startWithAttributes(client: Client, workflowId: string): Promise<void> {
  const pairs = NAMES.map((name) => ({
    key: defineSearchAttributeKey(name, SearchAttributeType.KEYWORD),
    value: 'x',
  }));
  const handle = await client.workflow.start('Nothing', {
    workflowId,
    taskQueue: 'nobody',
    typedSearchAttributes: new TypedSearchAttributes(pairs),
  });
  await handle.terminate();
}

function refuse(): Promise<never> {
  return Promise.reject(Object.assign(new Error('not permitted'), { code: 7 }));
}

/** A connection to the real server whose user may look, but not register. */
function readOnly(connection: Connection): SearchAttributesConnection {
  const operatorService = new Proxy(connection.operatorService, {
    get: (service, name, receiver): unknown =>
      name === 'addSearchAttributes' ? refuse : Reflect.get(service, name, receiver),
  });
  return {
    operatorService,
    workflowService: connection.workflowService,
    withDeadline: (deadline, call) => connection.withDeadline(deadline, call),
  };
}

describe('on a development server', () => {
  let server: DevServer;
  let connection: Connection;

  beforeAll(async () => {
    server = await startDevServer({ executable, port: 0, headless: true, namespace: 'second' });
    connection = await Connection.connect({ address: server.address });
  });

  afterAll(async () => {
    await connection?.close();
    await server?.stop();
  });

  it('names what is missing when it may not register, with a line that helps', async () => {
    const error = await ensureSearchAttributes(readOnly(connection), 'second').catch(
      (problem: unknown) => problem,
    );
    expect(error).toBeInstanceOf(SearchAttributesMissingError);
    expect(error).toMatchObject({ missing: NAMES, namespace: 'second' });
    const [, line = ''] = /^ *temporal (.+)$/m.exec(String(error)) ?? [];
    await promisify(execFile)(executable, [...line.split(' '), '--address', server.address]);
    await expect(ensureSearchAttributes(readOnly(connection), 'second')).resolves.toBeUndefined();
  });

  it('registers them, once, also when several do so at once', async () => {
    await Promise.all([1, 2, 3].map(() => ensureSearchAttributes(connection, 'default')));
    await ensureSearchAttributes(connection, 'default');
    const { customAttributes } = await connection.operatorService.listSearchAttributes({
      namespace: 'default',
    });
    expect(Object.keys(customAttributes).toSorted()).toEqual(NAMES.toSorted());
    await startWithAttributes(new Client({ connection }), 'with-attributes');
  });

  it('works over a NativeConnection too', async () => {
    const native = await NativeConnection.connect({ address: server.address });
    try {
      await ensureSearchAttributes(native, 'default');
      await expect(ensureSearchAttributes(native, 'no-such-namespace')).rejects.toThrow(/no-such-namespace/);
    } finally {
      await native.close();
    }
  });
});

it('refuses a search attribute of another type', async () => {
  const server = await startDevServer({
    executable,
    port: 0,
    headless: true,
    searchAttributes: { PurchasePhase: 'Int', TradingPartnerId: 'Keyword' },
  });
  const connection = await Connection.connect({ address: server.address });
  try {
    const failing = ensureSearchAttributes(connection, 'default');
    await expect(failing).rejects.toThrow(SearchAttributeTypeError);
    await expect(failing).rejects.toThrow('PurchasePhase is Int.');
  } finally {
    await connection.close();
    await server.stop();
  }
});

describe('on the time-skipping test server', () => {
  let environment: TestWorkflowEnvironment;

  beforeAll(async () => {
    const path = await resolveExecutable('test-server');
    environment = await TestWorkflowEnvironment.createTimeSkipping({
      server: { executable: { type: 'existing-path', path } },
    });
  }, 600_000);

  afterAll(async () => {
    await environment?.teardown();
  });

  it('registers them, over either connection, and again', async () => {
    await ensureSearchAttributes(environment.nativeConnection, 'default');
    await ensureSearchAttributes(environment.connection, 'default');
    await expect(startWithAttributes(environment.client, 'with-attributes')).resolves.toBeUndefined();
  });
});
