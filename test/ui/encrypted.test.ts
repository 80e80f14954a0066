import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { loadCodecServerConfig } from '../../src/codec/server-config.js';
import { startCodecServer, type CodecServer } from '../../src/codec/server.js';
import { purchaseWorkflowId, type Order } from '../../src/contract/index.js';
import { runUrl } from '../../src/temporal/ui-links.js';
import { aKey, ringText } from '../helpers/keys.js';
import { foundIn } from '../helpers/raw.js';
import { open, openBrowser, openWindow, visibleText, type Window } from './browser.js';
import { CHROMIUM_MISSING, findChromium } from './chromium.js';
import { order, Stage } from './stage.js';
import { startTlsFront, type TlsFront } from './tls-front.js';

const chromiumPath = findChromium();

const SOON = { timeout: 60_000, interval: 250 };
const RING = ringText(aKey('2026-11', 7));
const TOKEN = 'a-token-for-those-who-may-read';
const CUSTOMER_WORDS = ['Example GmbH', 'Lovelace', 'ada@example.com', 'companyName', 'product-4711'];
const TABS = ['Timeline', 'Event History', 'User Metadata', 'Memo', 'Search Attributes'];

describe.skipIf(chromiumPath === undefined)(
  `the Web UI with encryption on (${chromiumPath ?? CHROMIUM_MISSING})`,
  () => {
    let stage: Stage;
    let browser: Browser;
    let codec: CodecServer;
    let tls: TlsFront;
    let window: Window;
    let purchase: Order;

    beforeAll(async () => {
      stage = await Stage.open(RING);
      browser = await openBrowser(chromiumPath ?? '');
      purchase = await stage.purchase(order('EXT-1001', 'product-4711'), 'Provisioned', {
        polling: { initialInterval: '1s', maximumInterval: '2s', deadline: '10m' },
      });
      const config = loadCodecServerConfig({
        MARKETPLACE_CODEC_ADDRESS: '127.0.0.1:0',
        MARKETPLACE_CODEC_KEYS: RING,
        MARKETPLACE_CODEC_STATIC_SECRET: TOKEN,
        MARKETPLACE_CODEC_UI_ORIGINS: new URL(stage.ui.url).origin,
      });
      codec = await startCodecServer(config, { audit: () => undefined });
      tls = await startTlsFront(codec.url);
    });

    afterEach(() => window.close());

    afterAll(async () => {
      await browser?.close();
      await tls?.close();
      await codec?.close();
      await stage?.close();
    });

    it('shows nothing of the customer without a codec server, and receives nothing', async () => {
      window = await openWindow(browser);
      const { shown, received } = await readAll();
      expect(foundIn(shown, CUSTOMER_WORDS)).toEqual([]);
      expect(foundIn(received, CUSTOMER_WORDS)).toEqual([]);
      // The words are looked for in what was there to be read.
      expect(foundIn(received, ['EXT-1001', 'Provisioned'])).toEqual(['EXT-1001', 'Provisioned']);
    });

    it('shows all with a codec server, to a user whose token is good', async () => {
      window = await openWindow(browser, { accessToken: TOKEN });
      await useCodecServer(window.page);
      const { shown, received } = await readAll('ada@example.com');
      expect(foundIn(shown, CUSTOMER_WORDS)).toEqual(CUSTOMER_WORDS);
      expect(shown.join('\n')).toContain('GitLab subscription EXT-1001');
      expect(shown.join('\n')).toContain('placeOrder • Look for the order at the portal');
      // Only the codec server told it.
      expect(foundIn(received, CUSTOMER_WORDS)).toEqual([]);
    });

    it('shows nothing to a user whose token is another', async () => {
      window = await openWindow(browser, { accessToken: 'another-token-than-the-right-one' });
      await useCodecServer(window.page);
      const { shown, received, codecAnswers } = await readAll();
      expect(foundIn(shown, CUSTOMER_WORDS)).toEqual([]);
      expect(foundIn(received, CUSTOMER_WORDS)).toEqual([]);
      expect([...codecAnswers]).toEqual([401]);
    });

    /** Points the Web UI at the codec server, as its user does. */
    async function useCodecServer(page: Page): Promise<void> {
      await open(page, stage.ui.url);
      await page.getByRole('button', { name: 'Configure Codec Server' }).click();
      const dialog = page.getByRole('dialog', { name: 'Codec Server' });
      await dialog.getByText('Use my browser setting').click();
      await dialog.getByRole('textbox', { name: 'Codec Server browser endpoint' }).fill(tls.url);
      await dialog.getByText('Pass the user access token').click();
      await dialog.getByRole('button', { name: 'Apply' }).click();
      await dialog.waitFor({ state: 'hidden' });
    }

    /** Everything the run's page shows, tab by tab, and everything that Temporal answered to the browser meanwhile. */
    async function readAll(awaited = 'EXT-1001') {
      const { page } = window;
      const received: Promise<unknown>[] = [];
      const codecAnswers = new Set<number>();
      page.on('response', (response) => {
        const isCodec = response.url().startsWith(tls.url) && response.request().method() === 'POST';
        if (isCodec) codecAnswers.add(response.status());
        const isApi = response.url().startsWith(`${stage.ui.url}/api/`);
        if (isApi) received.push(response.json().catch(() => undefined));
      });
      await open(page, runUrl(stage.ui, purchaseWorkflowId(purchase)));
      const shown: string[] = [];
      for (const tab of TABS) {
        await page.getByRole('tab', { name: tab }).click();
        await page.getByRole('tab', { name: tab, selected: true }).waitFor();
        if (tab === 'Timeline') await expect.poll(() => visibleText(page), SOON).toContain(awaited);
        // Refused calls are tried again, so it may never come to rest.
        await page.waitForLoadState('networkidle', { timeout: 5_000 }).catch(() => undefined);
        shown.push(await visibleText(page));
      }
      expect([...window.triedHosts]).toEqual([]);
      return { shown, received: await Promise.all(received), codecAnswers };
    }
  },
);
