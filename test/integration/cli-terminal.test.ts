import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CliStage } from '../helpers/cli-stage.js';
import {
  CAN_HAVE_TERMINAL,
  COLUMNS,
  inTerminal,
  normalised,
  withoutMarks,
  type Seen,
} from '../helpers/terminal.js';

// What a person sees: each command in a real pseudo-terminal, against a real server, portal and worker.

let stage: CliStage;

async function see(...args: readonly string[]): Promise<Seen> {
  const seen = await inTerminal(args, { ...stage.env, ...stage.portal });
  expectToFit(seen.screen);
  return seen;
}

/** No line is wider than the terminal, but for an address or a command that must be copied whole. */
function expectToFit(screen: string): void {
  const lines = screen.split('\n').map(withoutMarks);
  const wide = lines.filter((line) => line.length > COLUMNS && !/https?:|`/.test(line));
  expect(wide).toEqual([]);
}

/** The line that is written anew, after the mark that turns. */
const LIVE = /\p{Script=Braille}\S* Provisioning, A-S\d+, the portal says Created, next poll in/u;

function snapshot(name: string): string {
  return `./__screens__/${name}.txt`;
}

describe.runIf(CAN_HAVE_TERMINAL)('in a terminal of 80 columns', () => {
  beforeAll(async () => {
    stage = await CliStage.start();
    // One after the other, so that the portal's numbers are the same each time.
    await stage.provisioning('EXT-1001');
    await stage.parked('EXT-1002');
    await stage.overdue('EXT-1003');
    await stage.unknown('EXT-1004');
  });

  afterAll(async () => {
    await stage?.stop();
  });

  it('status shows a purchase that waits for its license', async () => {
    const { code, screen } = await see('status', 'EXT-1001');
    expect(code).toBe(0);
    await expect(`${normalised(screen)}\n`).toMatchFileSnapshot(snapshot('status'));
  });

  it('show tells all about a purchase that waits for its license', async () => {
    const { code, screen } = await see('show', 'EXT-1001');
    expect(code).toBe(0);
    await expect(`${normalised(screen)}\n`).toMatchFileSnapshot(snapshot('show'));
  });

  it('list shows what there is, and how many', async () => {
    const list = await see('list');
    // How wide the columns are depends on the times in them.
    const spaced = normalised(list.screen)
      .replaceAll(/\bnow\b/g, '<duration> ago')
      .replaceAll(/ +(?=«»)/g, '')
      .replaceAll(/ {2,}/g, '  ');
    await expect(`${spaced}\n`).toMatchFileSnapshot(snapshot('list'));
    const count = await see('list', '--count');
    await expect(`${normalised(count.screen)}\n`).toMatchFileSnapshot(snapshot('list-count'));
  });

  it('doctor finds all good', async () => {
    const { code, screen } = await see('doctor');
    expect(code).toBe(0);
    await expect(`${normalised(screen)}\n`).toMatchFileSnapshot(snapshot('doctor'));
  });

  it('doctor finds what is bad, and says what to do', async () => {
    const { code, screen } = await see('doctor', '--task-queue', 'nobody-is-here');
    expect(code).toBe(8);
    await expect(`${normalised(screen)}\n`).toMatchFileSnapshot(snapshot('doctor-bad'));
  });

  it('watch counts down in one line, and leaves what happened', async () => {
    const order = await stage.provisioning('EXT-1005');
    let polled: Promise<void> | undefined;
    const seen = await inTerminal(['watch', 'EXT-1005'], stage.env, (raw) => {
      if (polled !== undefined || !LIVE.test(raw)) return;
      stage.simulator.setStatus('EXT-1005', 'Provisioned');
      polled = stage.purchases.poll(order);
    });
    await polled;
    expect(seen.code).toBe(0);
    // It moved, and it is gone.
    expect(seen.raw).toMatch(LIVE);
    expect(seen.screen).not.toMatch(LIVE);
    expect(withoutMarks(seen.screen).split('\n').at(-1)).toMatch(/^Provisioned: subscription A-S\d+$/);
    expectToFit(seen.screen);
    await expect(`${normalised(seen.screen)}\n`).toMatchFileSnapshot(snapshot('watch'));
  });

  describe('one command answers where an order is, why, and what to do', () => {
    it('of one that is parked', async () => {
      const { code, screen } = await see('show', 'EXT-1002');
      expect(code).toBe(0);
      const text = withoutMarks(normalised(screen));
      expect(text).toMatch(/^EXT-1002 {2}ActionRequired\n/);
      expect(text).toMatch(/ why +OrderRejected, .*Product refuse-me cannot be ordered/);
      const id = 'purchase:0012300000AbCdE:EXT-1002';
      expect(text).toMatch(
        new RegExp(` what to do .*\`npx marketplace amend ${id} FILE\`.*\`npx marketplace retry ${id}\``),
      );
      await expect(`${normalised(screen)}\n`).toMatchFileSnapshot(snapshot('show-parked'));
    });

    it('of one that is overdue', async () => {
      const { code, screen } = await see('show', 'EXT-1003');
      expect(code).toBe(0);
      const text = withoutMarks(normalised(screen));
      expect(text).toMatch(/^EXT-1003 {2}Overdue\n/);
      expect(text).toMatch(/ why +ProvisioningOverdue, .*not provisioned before its deadline/);
      expect(text).toMatch(/ what to do .*partnerorderops@gitlab\.com about order EXT-1003/);
      expect(text).toMatch(/ what to do .*`npx marketplace purchase FILE`\) tracks the same order/);
      expect(text).toMatch(/ subscription +A-S\d+/);
      await expect(`${normalised(screen)}\n`).toMatchFileSnapshot(snapshot('show-overdue'));
    });

    it('of one whose order may exist or not', async () => {
      const { code, screen } = await see('show', 'EXT-1004');
      expect(code).toBe(0);
      const text = withoutMarks(normalised(screen));
      expect(text).toMatch(/^EXT-1004 {2}ActionRequired\n/);
      expect(text).toMatch(/ why +UnknownOutcome, .*Whether it took the order is not known/);
      expect(text).toMatch(/ what to do +Ask GitLab whether order EXT-1004 .* exists/);
      expect(text).toMatch(/ what to do .*`npx marketplace retry purchase:0012300000AbCdE:EXT-1004`/);
      // How often it looked depends on the machine.
      const [facts = ''] = normalised(screen).split('\n\n«bold»Timeline');
      await expect(`${facts}\n`).toMatchFileSnapshot(snapshot('show-unknown'));
    });
  });
});
