import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import {
  purchaseWorkflowId,
  WORKFLOW_TYPE,
  type Order,
  type PurchaseOptions,
  type PurchaseStatus,
} from '../../src/contract/index.js';
import { quoted, summaryIn } from '../../src/contract/visibility.js';
import { startSimulator, type Simulator } from '../../src/simulator/index.js';
import { startDevServer, type DevServer } from '../../src/temporal/index.js';
import { statusQuery } from '../../workflows/messages.js';
import type { PurchaseWorkflow } from '../../workflows/purchase.js';
import { WorkerProcess } from '../helpers/processes.js';
import { act, answerTo, type Sent, type Target } from './act.js';
import { CLIENT, orderOf } from './customer.js';
import { endingOf } from './ending.js';
import { WINDOW_MS, type Ensemble, type Member, type Message } from './ensemble-script.js';
import type { Evidence, Observation } from './evidence.js';
import type { Script } from './script.js';
import { wordsIn } from './words.js';

const TASK_QUEUE = 'campaign-ensemble';

/**
 * How long all purchases may take. One whose worker was lost before the portal had its order is looked for
 * through five minutes: it is left in doubt, which is as it should be.
 */
const LONGEST_MS = 45_000;

const OPTIONS: PurchaseOptions = {
  polling: { initialInterval: '300ms', maximumInterval: '2s', deadline: '10m' },
  settling: { initialInterval: '300ms', maximumInterval: '1s', window: `${WINDOW_MS}ms` },
};

let count = 0;

/** One purchase of an ensemble, as somebody sees it from outside. */
class Part implements Target {
  readonly order: Order;
  readonly workflowId: string;
  readonly sent: Sent[] = [];
  readonly observations: Observation[] = [];
  readonly script: Script;
  runs = 1;

  constructor(
    private readonly stage: RealStage,
    private readonly member: Member,
  ) {
    count += 1;
    this.script = {
      order: { product: member.product, idTail: '', isPlaced: false },
      options: { ...OPTIONS, onRejected: member.onRejected },
      portal: { secondPost: 'duplicate', creatingMs: 300, createdMs: 300, tokenLifetimeSeconds: 7_200 },
      faults: member.faults,
      interventions: [],
      whileParked: [],
      isCached: true,
    };
    this.order = orderOf(this.script, `E-${process.pid}-${count}`);
    this.workflowId = purchaseWorkflowId(this.order);
  }

  get handle(): WorkflowHandle<typeof PurchaseWorkflow> {
    return this.stage.client.workflow.getHandle<typeof PurchaseWorkflow>(this.workflowId);
  }

  get numbers(): string[] {
    const orders = this.stage.simulator.orders(this.order.externalSubscriptionId);
    return orders.map(({ subscriptionNumber }) => subscriptionNumber);
  }

  async start(): Promise<void> {
    await this.stage.client.workflow.start(WORKFLOW_TYPE, {
      workflowId: this.workflowId,
      taskQueue: TASK_QUEUE,
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      args: [{ order: this.order, options: this.script.options }],
    });
  }

  /** Only after the lists have it: what is started sooner does not see the run before it. */
  async startAgain(): Promise<void> {
    const { runId } = await this.handle.describe();
    await this.handle.terminate('the campaign');
    this.runs += 1;
    const query = `WorkflowId = ${quoted(this.workflowId)} AND RunId = ${quoted(runId)} AND ExecutionStatus = 'Terminated'`;
    while ((await this.stage.client.workflow.count(query)).count === 0) await pause(100);
    await this.start();
  }

  /** As an operator does with a run that is stuck: back to its very beginning. */
  async reset(): Promise<void> {
    const { events } = await this.handle.fetchHistory();
    const first = events?.find((event) => event.workflowTaskCompletedEventAttributes);
    if (first?.eventId === undefined) return;
    this.runs += 1;
    await this.stage.client.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: this.workflowId },
      workflowTaskFinishEventId: first.eventId,
      requestId: randomUUID(),
      reason: 'the campaign',
    });
  }

  revokeTokens(): void {
    this.stage.simulator.revokeTokens();
  }

  endTroubles(): void {
    // The others need theirs.
  }

  async jump(ms: number): Promise<void> {
    await pause(ms);
  }

  async play(): Promise<void> {
    const { externalSubscriptionId } = this.order;
    for (const fault of this.member.faults)
      this.stage.simulator.addFault({ ...fault, externalSubscriptionId });
    await this.start();
    await Promise.all(this.member.messages.map((message) => this.#send(message)));
  }

  async #send({ after, do: what }: Message): Promise<void> {
    await pause(after);
    // The server may be away just now, the purchase over: then nobody has heard it.
    if (what === 'reset') return this.reset().catch(() => undefined);
    const sent = await act(this, what === 'orderPlaced' ? { do: what, order: 'same' } : { do: what });
    if (sent !== undefined) this.sent.push(sent);
  }

  /** Looks how it stands; whether it has come to an end or to a halt. */
  async isAtRest(): Promise<boolean> {
    try {
      const ordersBefore = this.numbers.length;
      const description = await this.handle.describe();
      const status = await this.status();
      if (status !== undefined) {
        this.observations.push({
          status,
          summary: summaryIn(description.memo),
          ordersBefore,
          ordersAfter: this.numbers,
        });
      }
      return (
        description.status.name !== 'RUNNING' || status?.phase === 'ActionRequired' || isLeftInDoubt(status)
      );
    } catch {
      return false;
    }
  }

  async status(withinMs = 3_000): Promise<PurchaseStatus | undefined> {
    const { connection } = this.stage.client;
    return connection
      .withDeadline(Date.now() + withinMs, () => this.handle.query(statusQuery))
      .catch(() => undefined);
  }

  async gather(): Promise<Evidence> {
    const { simulator, logs } = this.stage;
    const { externalSubscriptionId } = this.order;
    const status = await this.status(30_000);
    const history = wordsIn(await this.handle.fetchHistory());
    const description = wordsIn((await this.handle.describe()).raw);
    const isHalted = status?.phase === 'ActionRequired' || isLeftInDoubt(status);
    const ending = await endingOf(this.handle, status);
    const [order] = simulator.orders(externalSubscriptionId);
    return {
      script: this.script,
      journal: simulator.journal.filter((entry) => entry.externalSubscriptionId === externalSubscriptionId),
      orders: simulator.orders(externalSubscriptionId),
      // Two short waits have long passed; what is shown is the last of it.
      portalStatus:
        order === undefined ? undefined : this.member.product === 'fails' ? 'Failed' : 'Provisioned',
      observations: this.observations,
      answers: await Promise.all(this.sent.map((sent) => answerTo(sent, this))),
      ending: isHalted ? { ...ending, runStatus: 'HALTED' } : ending,
      lostTries: 1,
      runs: this.runs,
      texts: new Map([
        ['history', history],
        ['description', description],
        ['log', logs()],
      ]),
      secrets: [CLIENT.clientSecret, encodeURIComponent(CLIENT.clientSecret), ...simulator.issuedTokens()],
    };
  }
}

/** Its worker was lost, or a run before it, and nobody knows yet: only minutes of real time would tell. */
function isLeftInDoubt(status: PurchaseStatus | undefined): boolean {
  const began = status?.timeline.findLast(({ event }) => event === 'OutcomeUnknown')?.at;
  return status?.phase === 'Confirming' && Date.now() - Date.parse(began ?? '') > 5 * WINDOW_MS;
}

/** A development server with a file, the portal and a worker, each of which may be killed. */
class RealStage {
  client: Client;
  readonly #workers: WorkerProcess[] = [];

  private constructor(
    private server: DevServer,
    readonly simulator: Simulator,
    private readonly folder: string,
    private connection: Connection,
  ) {
    this.client = new Client({ connection });
  }

  static async open(): Promise<RealStage> {
    const folder = await mkdtemp(join(tmpdir(), 'campaign-'));
    const server = await startDevServer({ port: 0, headless: true, dbFilename: join(folder, 'db') });
    const simulator = await startSimulator({
      clients: [CLIENT],
      progress: { creatingMs: 300, createdMs: 300 },
      secondPost: 'duplicate',
    });
    const connection = await Connection.connect({ address: server.address });
    const stage = new RealStage(server, simulator, folder, connection);
    await stage.startWorker();
    return stage;
  }

  readonly logs = (): string => this.#workers.map(({ stdout, stderr }) => stdout + stderr).join('\n');

  async startWorker(): Promise<void> {
    const worker = new WorkerProcess({
      TEMPORAL_ADDRESS: this.server.address,
      MARKETPLACE_PORTAL_URL: this.simulator.url,
      MARKETPLACE_CLIENT_ID: CLIENT.clientId,
      MARKETPLACE_CLIENT_SECRET: CLIENT.clientSecret,
      MARKETPLACE_TASK_QUEUE: TASK_QUEUE,
    });
    this.#workers.push(worker);
    await worker.isReady();
  }

  /** Kills the worker, as the kernel does when memory is short, and starts another. */
  async replaceWorker(): Promise<void> {
    const worker = this.#workers.at(-1);
    worker?.signal('SIGKILL');
    await worker?.end();
    await this.startWorker();
  }

  async replaceServer(): Promise<void> {
    const port = Number(this.server.address.split(':').at(-1));
    await this.server.kill();
    this.server = await startDevServer({ port, headless: true, dbFilename: join(this.folder, 'db') });
  }

  async close(): Promise<void> {
    const worker = this.#workers.at(-1);
    worker?.signal('SIGKILL');
    await worker?.end();
    await this.connection.close();
    await this.simulator.close();
    await this.server.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Plays an ensemble to its end: the evidence of each purchase. */
export async function playEnsemble(ensemble: Ensemble): Promise<Evidence[]> {
  const stage = await RealStage.open();
  try {
    const parts = ensemble.purchases.map((member) => new Part(stage, member));
    await Promise.all([...parts.map((part) => part.play()), kill(stage, ensemble)]);
    const until = Date.now() + LONGEST_MS;
    let moving = parts;
    while (moving.length > 0 && Date.now() < until) {
      const rests = await Promise.all(moving.map((part) => part.isAtRest()));
      moving = moving.filter((_, n) => !rests[n]);
      await pause(500);
    }
    return await Promise.all(parts.map((part) => part.gather()));
  } finally {
    await stage.close();
  }
}

/** One after the other: a server that is away has no use for a new worker. */
async function kill(stage: RealStage, { workerKills, serverKill }: Ensemble): Promise<void> {
  const began = Date.now();
  const kills = [
    ...workerKills.map((at) => ({ at, act: () => stage.replaceWorker() })),
    ...(serverKill === null ? [] : [{ at: serverKill, act: () => stage.replaceServer() }]),
  ].toSorted((a, b) => a.at - b.at);
  for (const { at, act: strike } of kills) {
    await pause(Math.max(0, began + at - Date.now()));
    await strike();
  }
}
