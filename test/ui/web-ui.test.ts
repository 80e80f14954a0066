import { tmpdir } from 'node:os';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { purchaseWorkflowId, type Order } from '../../src/contract/index.js';
import { LISTS, listUrl, runUrl } from '../../src/temporal/ui-links.js';
import { eventually } from '../helpers/eventually.js';
import { CAN_HAVE_TERMINAL, inTerminal } from '../helpers/terminal.js';
import {
  listed,
  open,
  openBrowser,
  openWindow,
  sendSignal,
  takePicture,
  terminalPage,
  visibleText,
  type Window,
} from './browser.js';
import { CHROMIUM_MISSING, findChromium } from './chromium.js';
import { idsOf, MISCONFIGURED, order, OTHER_PARTNER, PARTNER, Stage } from './stage.js';

const chromiumPath = findChromium();

/** How long the Web UI may take to draw something: it has to ask the server, which has to ask a worker. */
const SOON = { timeout: 60_000, interval: 250 };

const QUICK = { polling: { initialInterval: '1s', maximumInterval: '2s', deadline: '10m' } };

describe.skipIf(chromiumPath === undefined)(`the Web UI (${chromiumPath ?? CHROMIUM_MISSING})`, () => {
  let stage: Stage;
  let browser: Browser;
  let window: Window;
  let purchases: Readonly<
    Record<'parked' | 'refused' | 'terminated' | 'provisioned' | 'tracked' | 'overdue' | 'foreign', Order>
  >;
  let refusedBy: Date;

  const page = () => window.page;
  const openRun = async (of: Order) => open(page(), runUrl(stage.ui, purchaseWorkflowId(of)));
  const openTab = async (name: string) => {
    await page().getByRole('tab', { name }).click();
    await page().getByRole('tab', { name, selected: true }).waitFor();
  };
  const text = () => visibleText(page());

  beforeAll(async () => {
    stage = await Stage.open();
    browser = await openBrowser(chromiumPath ?? '');
    window = await openWindow(browser);
    await stage.startWorker(MISCONFIGURED, 'mistyped');
    const refused = await stage.purchase(order('EXT-1004', 'refuse-me'), 'Failed');
    refusedBy = new Date();
    const parkRefused = { onRejected: 'park' } as const;
    const terminated = await stage.purchase(order('EXT-1005', 'refuse-me'), 'ActionRequired', parkRefused);
    await stage.temporal.workflow.getHandle(purchaseWorkflowId(terminated)).terminate('no longer wanted');
    purchases = {
      refused,
      terminated,
      parked: await stage.purchase(order('EXT-1001'), 'ActionRequired', { taskQueue: MISCONFIGURED }),
      provisioned: await stage.purchase(order('EXT-1002'), 'Provisioned', QUICK),
      tracked: await stage.purchase(order('EXT-1003', 'never-provisions'), 'Provisioning'),
      overdue: await stage.purchase(order('EXT-1006', 'never-provisions'), 'Overdue', {
        polling: { initialInterval: '1s', maximumInterval: '1s', deadline: '2s' },
      }),
      foreign: await stage.purchase(order('EXT-2001', undefined, OTHER_PARTNER), 'Provisioned', QUICK),
    };
  });

  afterAll(async () => {
    await window?.close();
    await browser?.close();
    await stage?.close();
  });

  describe('has ready-made lists', () => {
    const list = async (query: string) => open(page(), listUrl(stage.ui, query));
    const rows = () => listed(page());

    it('of what waits for a person, without what was terminated', async () => {
      await list(LISTS.parked());
      await expect.poll(rows, SOON).toEqual(idsOf(purchases.parked));
    });

    it('of what is overdue', async () => {
      await list(LISTS.overdue());
      await expect.poll(rows, SOON).toEqual(idsOf(purchases.overdue));
    });

    it("of one partner's", async () => {
      await list(LISTS.partner(OTHER_PARTNER));
      await expect.poll(rows, SOON).toEqual(idsOf(purchases.foreign));
    });

    it('of what failed since a moment, such as today', async () => {
      await list(LISTS.failedSince(refusedBy));
      await expect.poll(rows, SOON).toEqual(idsOf(purchases.overdue));
      await list(LISTS.failedSince(new Date(0)));
      await expect.poll(rows, SOON).toEqual(idsOf(purchases.overdue, purchases.refused));
    });

    it('of one order, from which its page opens', async () => {
      await list(LISTS.order('EXT-1001'));
      await expect.poll(rows, SOON).toEqual(idsOf(purchases.parked));
      await page()
        .getByRole('link', { name: purchaseWorkflowId(purchases.parked) })
        .click();
      await expect.poll(text, SOON).toContain(`Task Queue\n${MISCONFIGURED}`);
    });

    it('of everything, with the phase in a column', async () => {
      await list(LISTS.all());
      await expect.poll(rows, SOON).toEqual(idsOf(...Object.values(purchases)));
      await page().getByRole('button', { name: 'Configure Columns' }).click();
      for (const column of ['Run ID', 'Type', 'End'])
        await page()
          .getByRole('button', { name: `Remove ${column} column` })
          .click();
      for (const column of ['PurchasePhase', 'SubscriptionNumber'])
        await page()
          .getByRole('button', { name: `Add ${column} column` })
          .click();
      await page().getByRole('button', { name: 'Close Workflows Table configuration' }).click();
      const row = page().getByRole('row', { name: purchaseWorkflowId(purchases.overdue) });
      await expect.poll(() => row.innerText(), SOON).toContain('Overdue');
      await list(LISTS.parked());
      await expect.poll(rows, SOON).toEqual(idsOf(purchases.parked));
      await takePicture(page(), 'web-ui-parked-list', page().getByRole('row').last());
    });
  });

  describe('answers on the page of a parked purchase: where is it, why, and what do I do?', () => {
    it('in its summary, its details and its current details', async () => {
      await openRun(purchases.parked);
      await openTab('User Metadata');
      await expect.poll(text, SOON).toContain('GitLab subscription EXT-1001');
      await expect.poll(text, SOON).toContain(`Buys order EXT-1001 of trading partner ${PARTNER}`);
      await expect.poll(text, SOON).toContain('ActionRequired: parked, a person must act');
      const read = await text();
      expect(read).toContain('Why: InvalidClient: POST oauth/token: the portal answered 401');
      expect(read).toMatch(/What to do: Check the credentials that the workers have for trading partner/);
      expect(read).toContain(
        'Once it is mended: on this page, More Actions → Send a Signal → retry → Submit',
      );
      expect(read).toContain(
        `temporal workflow signal --namespace default --workflow-id ${purchaseWorkflowId(purchases.parked)} --name retry`,
      );
      await takePicture(page(), 'web-ui-parked', page().locator('iframe').last());
    });

    it('in its timeline', async () => {
      await openTab('Timeline');
      await expect.poll(text, SOON).toContain('Parked (InvalidClient): wait for a person to act');
      expect(await text()).toContain('fetchToken • Log in to the portal, to place orders');
    });

    it('in the answer of the status query, run there', async () => {
      await openTab('Queries');
      await page().getByRole('button', { name: 'Run Query' }).click();
      const answer = page().getByRole('textbox', { name: 'Query Result' });
      await expect.poll(() => answer.innerText(), SOON).toContain('"phase": "ActionRequired"');
      expect(await answer.innerText()).toContain('"type": "InvalidClient"');
    });

    it('in its memo and its search attributes, which need no worker', async () => {
      await openTab('Memo');
      await expect
        .poll(text, SOON)
        .toContain('"actionRequired": "Check the credentials that the workers have');
      await openTab('Search Attributes');
      await expect.poll(text, SOON).toContain('"PurchasePhase": "ActionRequired"');
    });

    it.skipIf(!CAN_HAVE_TERMINAL)('and as `marketplace show` does, on a terminal', async () => {
      const { screen } = await inTerminal(['show', 'EXT-1001', '--ui-url', stage.ui.url], {
        PATH: process.env['PATH'],
        HOME: tmpdir(),
        TEMPORAL_ADDRESS: stage.server.address,
        MARKETPLACE_TASK_QUEUE: MISCONFIGURED,
      });
      expect(screen).toMatch(/why .*InvalidClient/);
      expect(screen).toContain('npx marketplace retry');
      await page().setContent(terminalPage(screen));
      await takePicture(page(), 'cli-show-parked');
    });
  });

  it('shows of a purchase that is tracked when the portal is asked next', async () => {
    await openRun(purchases.tracked);
    await openTab('User Metadata');
    await expect.poll(text, SOON).toContain('Provisioning: the order exists, its license is awaited');
    const read = await text();
    expect(read).toMatch(/Next call to the portal: \d{4}-/);
    expect(read).toMatch(/Subscription number: A-S\d+/);
    expect(read).toContain('What to do: nothing, it goes on by itself.');
  });

  it('shows of a purchase that was provisioned what each step was for', async () => {
    await openRun(purchases.provisioned);
    await openTab('Timeline');
    await expect.poll(text, SOON).toContain('getSubscriptionStatus • Ask the portal where the order stands');
    const read = await text();
    expect(read).toContain('placeOrder • Look for the order at the portal, and place it if it is not there');
    expect(read).toContain('Wait before asking the portal again');
    expect(read).toContain('"outcome": "Provisioned"');
    await takePicture(page(), 'web-ui-provisioned');
  });

  it('cancels by a signal that is sent from there', async () => {
    const unwanted = await stage.purchase(order('EXT-1007', 'refuse-me'), 'ActionRequired', {
      onRejected: 'park',
    });
    await openRun(unwanted);
    await sendSignal(page(), 'cancel', '{"reason": "asked for in the Web UI"}');
    await expect.poll(() => page().getByRole('status').first().innerText(), SOON).toMatch(/canceled/i);
    const report = await stage.client().status(unwanted);
    expect(report).toMatchObject({
      runStatus: 'CANCELLED',
      status: {
        phase: 'Cancelled',
        cancellation: { via: 'signal', reason: 'asked for in the Web UI', effect: 'not-placed' },
      },
    });
    expect(stage.simulator.orders('EXT-1007')).toHaveLength(0);
  });

  it('helps a parked purchase on, when a person does what its page says', async () => {
    await stage.startWorker('mended', 'mistyped');
    const stuck = await stage.purchase(order('EXT-1008'), 'ActionRequired', {
      ...QUICK,
      taskQueue: 'mended',
    });
    await stage.mend('mended');
    await openRun(stuck);
    await sendSignal(page(), 'retry');
    await eventually(async () =>
      (await stage.client().status(stuck)).status.phase === 'Provisioned' ? true : undefined,
    );
    expect(stage.simulator.orders('EXT-1008')).toHaveLength(1);
    await openRun(stuck);
    await openTab('User Metadata');
    await expect.poll(text, SOON).toContain('Provisioned: the license is provisioned');
  });

  it('shows nothing current without a worker, and says where to look', async () => {
    await stage.stopWorkers();
    await openRun(purchases.parked);
    await openTab('User Metadata');
    await expect.poll(text, SOON).toContain('while a worker runs; else the tab Memo');
    expect(await text()).not.toContain('parked, a person must act');
    await openTab('Memo');
    await expect.poll(text, SOON).toContain('"phase": "ActionRequired"');
  });

  it('led the browser nowhere beyond this machine', () => {
    expect([...window.triedHosts]).toEqual([]);
  });
});
