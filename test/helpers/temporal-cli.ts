import { execFile } from 'node:child_process';
import { z } from 'zod';
import { purchaseStatusSchema, type PurchaseStatus } from '../../src/contract/index.js';
import { resolveExecutable } from '../../src/temporal/index.js';

/** What a command came to. */
export interface CliOutcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const payload = z.object({ data: z.string() });

const historyEvent = z.looseObject({
  eventType: z.string(),
  userMetadata: z.object({ summary: payload }).exactOptional(),
});

/** An event of a history, as `temporal workflow show` prints it. */
export type CliEvent = z.infer<typeof historyEvent>;

const failureSchema = z.looseObject({
  message: z.string(),
  cause: z.unknown().optional(),
  applicationFailureInfo: z.object({
    type: z.string(),
    nonRetryable: z.boolean().optional(),
    details: z.array(z.unknown()).optional(),
  }),
});

const closingSchema = z.object({
  status: z.string(),
  result: z.unknown().optional(),
  closeEvent: z.looseObject({
    workflowExecutionFailedEventAttributes: z.object({ failure: failureSchema }).optional(),
  }),
});

/** How a run ended, as `temporal workflow result` prints it. */
export interface Closing {
  readonly status: string;
  readonly result: unknown;
  readonly failure: z.infer<typeof failureSchema> | undefined;
}

const queryAnswer = z.object({ queryResult: z.tuple([purchaseStatusSchema]) });
const updateAnswer = z.object({ result: z.unknown() });
const showAnswer = z.object({ events: z.array(historyEvent) });
const description = z.object({
  workflowExecutionInfo: z.object({
    status: z.string(),
    memo: z.object({ fields: z.record(z.string(), z.unknown()) }),
    searchAttributes: z.object({ indexedFields: z.record(z.string(), payload) }),
  }),
});
const listed = z.array(z.object({ execution: z.object({ workflowId: z.string() }) }));

/** The real `temporal` CLI on a server. It knows nothing of ours: names and JSON go in as a person types them. */
export class TemporalCli {
  private constructor(
    private readonly executable: string,
    private readonly address: string,
  ) {}

  static async on(address: string): Promise<TemporalCli> {
    return new TemporalCli(await resolveExecutable('cli'), address);
  }

  /** Runs a command to its end, whatever it comes to. It is killed when it does not end. */
  async run(...args: readonly string[]): Promise<CliOutcome> {
    return new Promise((resolve) => {
      const child = execFile(
        this.executable,
        [...args, '--address', this.address],
        { env: environment(), timeout: 90_000, killSignal: 'SIGKILL', maxBuffer: 50_000_000 },
        (_error, stdout, stderr) => resolve({ exitCode: child.exitCode, stdout, stderr }),
      );
    });
  }

  /** The JSON that a command prints which must succeed. */
  async json(...args: readonly string[]): Promise<unknown> {
    const { exitCode, stdout, stderr } = await this.run(...args, '--output', 'json');
    if (exitCode !== 0) throw new Error(`temporal ${args.join(' ')}: exit code ${exitCode}: ${stderr}`);
    return stdout.trim() === '' ? undefined : JSON.parse(stdout);
  }

  async start(taskQueue: string, workflowId: string, ...inputs: readonly string[]): Promise<unknown> {
    const named = ['--type', 'PurchaseWorkflow', '--task-queue', taskQueue, '--workflow-id', workflowId];
    return this.json('workflow', 'start', ...named, ...inputs.flatMap((input) => ['--input', input]));
  }

  async status(workflowId: string): Promise<PurchaseStatus> {
    const answer = await this.json('workflow', 'query', '--workflow-id', workflowId, '--name', 'status');
    return queryAnswer.parse(answer).queryResult[0];
  }

  async signal(workflowId: string, name: string, ...inputs: readonly string[]): Promise<void> {
    const given = inputs.flatMap((input) => ['--input', input]);
    await this.json('workflow', 'signal', '--workflow-id', workflowId, '--name', name, ...given);
  }

  /** Sends an update and waits for its end, whatever that is. */
  async update(workflowId: string, name: string, ...inputs: readonly string[]): Promise<CliOutcome> {
    const given = [...inputs.flatMap((input) => ['--input', input]), '--output', 'json'];
    return this.run('workflow', 'update', 'execute', '--workflow-id', workflowId, '--name', name, ...given);
  }

  /** The answer of an update that must succeed. */
  async answer(workflowId: string, name: string, ...inputs: readonly string[]): Promise<unknown> {
    const { exitCode, stdout, stderr } = await this.update(workflowId, name, ...inputs);
    if (exitCode !== 0) throw new Error(`${name} failed: ${stderr}`);
    return updateAnswer.parse(JSON.parse(stdout)).result;
  }

  async cancel(workflowId: string): Promise<void> {
    await this.json('workflow', 'cancel', '--workflow-id', workflowId);
  }

  /** Waits for a run's end. */
  async closing(workflowId: string): Promise<Closing> {
    const { stdout } = await this.run('workflow', 'result', '--workflow-id', workflowId, '--output', 'json');
    const { status, result, closeEvent } = closingSchema.parse(JSON.parse(stdout));
    return { status, result, failure: closeEvent.workflowExecutionFailedEventAttributes?.failure };
  }

  async describe(workflowId: string): Promise<{
    readonly status: string;
    readonly memo: Readonly<Record<string, unknown>>;
    readonly searchAttributes: Readonly<Record<string, unknown>>;
  }> {
    const answer = await this.json('workflow', 'describe', '--workflow-id', workflowId);
    const { status, memo, searchAttributes } = description.parse(answer).workflowExecutionInfo;
    const decoded = Object.entries(searchAttributes.indexedFields).map(([name, { data }]) => [
      name,
      JSON.parse(decodeBase64(data)),
    ]);
    return { status, memo: memo.fields, searchAttributes: Object.fromEntries(decoded) };
  }

  async events(workflowId: string): Promise<CliEvent[]> {
    const history = await this.json('workflow', 'show', '--workflow-id', workflowId);
    return showAnswer.parse(history).events;
  }

  /** The workflow IDs that a visibility query finds. */
  async find(query: string): Promise<string[]> {
    const answer = await this.json('workflow', 'list', '--query', query);
    return listed.parse(answer).map(({ execution }) => execution.workflowId);
  }
}

/** The summary that the Web UI shows for an event. */
export function summaryIn({ userMetadata }: CliEvent): string | undefined {
  return userMetadata && String(JSON.parse(decodeBase64(userMetadata.summary.data)));
}

function decodeBase64(text: string): string {
  return Buffer.from(text, 'base64').toString('utf8');
}

/** The settings of whoever runs the tests lead to another server. */
function environment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('TEMPORAL_'));
  return { ...Object.fromEntries(inherited), TEMPORAL_CONFIG_FILE: '/dev/null' };
}
