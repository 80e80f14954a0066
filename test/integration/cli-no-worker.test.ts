import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CliStage } from '../helpers/cli-stage.js';

// The worker has gone: the command line goes on answering, and says how old its answers are.

let stage: CliStage;
let writtenDownAt: string;

beforeAll(async () => {
  stage = await CliStage.start();
  await stage.provisioning('EXT-1');
  await stage.parked('EXT-2');
  await stage.overdue('EXT-3');
  await stage.stopWorker();
  for await (const item of stage.purchases.list({ externalSubscriptionId: 'EXT-1' }))
    writtenDownAt = item.asOf;
});

afterAll(async () => {
  await stage?.stop();
});

/** As it is printed: whole seconds. */
function moment(): string {
  return writtenDownAt.replace(/\.\d+Z$/, 'Z');
}

describe('without a worker', () => {
  it('status answers from the server\u2019s record, and says how old that is', async () => {
    const { code, stdout } = await stage.run(['status', 'EXT-1']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^EXT-1 {2}Provisioning\n/);
    expect(stdout).toMatch(/subscription +A-S\d+/);
    expect(stdout).toMatch(
      new RegExp(`known from +the server's record of .* ago \\(${moment()}\\); no worker answered`),
    );
  });

  it('show does, and says that no worker is there and what to do', async () => {
    const { code, stdout } = await stage.run(['show', 'EXT-1']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^EXT-1 {2}Provisioning\n/);
    // The server forgets a worker only after a while: when it was last heard of is said.
    expect(stdout).toMatch(/workers +(?:none|\S+, asked for work (?:now|.* ago))/);
    expect(stdout).toMatch(/order +10 × 2c92a0ff/);
    expect(stdout).toMatch(
      new RegExp(`known from +the server's record of .* ago \\(${moment()}\\); no worker answered`),
    );
    expect(stdout).toMatch(/what to do +.*(?:worker|WORKER)/);
    expect(stdout).not.toContain('Timeline');
    expect(await stage.json('show', 'EXT-1')).toMatchObject({
      answeredBy: 'server',
      asOf: writtenDownAt,
      status: { phase: 'Provisioning', subscriptionNumber: expect.any(String) },
    });
  });

  it('show still says why a purchase is parked, and what to do', async () => {
    const { code, stdout } = await stage.run(['show', 'EXT-2']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/why +OrderRejected, /);
    expect(stdout).toContain('npx marketplace amend purchase:0012300000AbCdE:EXT-2 FILE');
  });

  it('show still says what became of one that has ended', async () => {
    const { code, stdout } = await stage.run(['show', 'EXT-3']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^EXT-3 {2}Overdue\n/);
    expect(stdout).toContain('partnerorderops@gitlab.com');
  });

  it('list does, with the age of each line', async () => {
    const { code, stdout } = await stage.run(['list']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ID .* AS OF/);
    expect(stdout).toMatch(/^EXT-1 .*Provisioning .*(?:ago|now) +(?:\d+[smhd] ago|now)/m);
    expect(await stage.json('list', '--id-prefix', 'EXT-1')).toMatchObject([{ asOf: writtenDownAt }]);
  });

  it('open does', async () => {
    const { code, stdout, stderr } = await stage.run(['open', 'EXT-1']);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^http:\/\/ui\.example\/namespaces\/default\/workflows\/purchase%3A0012300000AbCdE%3AEXT-1\/[\w-]{36}\/user-metadata\n$/,
    );
    expect(stderr).toContain(`Provisioning, by the server's record of`);
    expect(stderr).toContain(moment());
  });
});
