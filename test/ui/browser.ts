import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type BrowserContext, type Locator, type Page } from 'playwright-core';

/** The Web UI looks for Temporal's news by itself. Nothing else may leave this machine. */
const NEWS = 'newsfeed.temporal.io';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // A second belt, for what no page asked for.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

/** A browser that reaches loopback only, and remembers what a page wished beyond that. */
export interface Window {
  readonly page: Page;
  /** Hosts beyond this machine that a page tried to reach, but for the Web UI's own news feed. */
  readonly triedHosts: ReadonlySet<string>;
  close(): Promise<void>;
}

export async function openBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, headless: true, args: FLAGS });
}

/** Who the Web UI believes its user to be. */
export interface UiUser {
  /** What a sign-in leaves in the browser; the Web UI passes it on to a codec server. */
  readonly accessToken: string;
}

/** A window with no memory of another. */
export async function openWindow(browser: Browser, user?: UiUser): Promise<Window> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 1100 },
    timezoneId: 'UTC',
    ignoreHTTPSErrors: true,
  });
  const triedHosts = await confine(context);
  if (user !== undefined) await signIn(context, user);
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  return { page, triedHosts, close: () => context.close() };
}

async function confine(context: BrowserContext): Promise<ReadonlySet<string>> {
  const tried = new Set<string>();
  await context.route('**/*', async (route) => {
    const { hostname, protocol } = new URL(route.request().url());
    if (hostname === '127.0.0.1' || protocol === 'data:' || protocol === 'blob:') return route.continue();
    if (hostname !== NEWS) tried.add(hostname);
    return route.abort();
  });
  return tried;
}

/**
 * The development server has no sign-in, and its Web UI forgets a user then: it is told that there is one, and finds
 * in the browser what a sign-in leaves there.
 */
async function signIn(context: BrowserContext, user: UiUser): Promise<void> {
  const stored = JSON.stringify(JSON.stringify(user));
  await context.addInitScript({ content: `localStorage.setItem('AuthUser', ${stored})` });
  await context.route('**/api/v1/settings*', async (route) => {
    const response = await route.fetch();
    const settings: unknown = await response.json();
    await route.fulfill({
      response,
      json: Object.assign({}, settings, { Auth: { Enabled: true, Options: [] } }),
    });
  });
}

/** Opens a page. A run's page never stops loading: it waits for news of the run. */
export async function open(page: Page, url: string): Promise<void> {
  await page.goto(url, { waitUntil: 'domcontentloaded' });
}

/** The workflow IDs in the list, sorted; `undefined` while it is loading. */
export async function listed(page: Page): Promise<readonly string[] | undefined> {
  const table = page.getByRole('table', { name: 'Workflows' });
  if (!(await table.isVisible())) return undefined;
  return (await table.getByRole('link', { name: /^purchase:/ }).allInnerTexts()).toSorted();
}

/** All that a person reads on the page, with what stands in its frames: rendered Markdown has one each. */
export async function visibleText(page: Page): Promise<string> {
  const texts = await Promise.all(
    page.frames().map((frame) =>
      frame
        .locator('body')
        .innerText({ timeout: 5_000 })
        // A frame may go while the page is drawn anew.
        .catch(() => ''),
    ),
  );
  return texts.join('\n');
}

/** Sends a signal as a person does: the menu, the name with its description, the input, Submit. */
export async function sendSignal(page: Page, name: string, input?: string): Promise<void> {
  await page.getByRole('button', { name: 'More Actions' }).click();
  await page.getByRole('menuitem', { name: 'Send a Signal' }).click();
  const dialog = page.getByRole('dialog', { name: 'Send a Signal' });
  await dialog.getByRole('button', { name: 'Select a signal' }).click();
  await page.getByRole('option', { name: new RegExp(`^${name}\\b`) }).click();
  if (input !== undefined) {
    await dialog.getByRole('textbox', { name: 'Data' }).click();
    await page.keyboard.insertText(input);
  }
  await dialog.getByRole('button', { name: 'Submit' }).click();
  await dialog.waitFor({ state: 'hidden' });
}

/** Takes the picture of that name for the docs, when MARKETPLACE_SCREENSHOTS asks for pictures. */
export async function takePicture(page: Page, name: string, upTo?: Locator): Promise<void> {
  if (process.env['MARKETPLACE_SCREENSHOTS'] === undefined) return;
  const path = fileURLToPath(new URL(`../../docs/images/${name}.png`, import.meta.url));
  await mkdir(dirname(path), { recursive: true });
  // Without the navigation, and without what is empty below.
  const main = await page.getByRole('main').boundingBox();
  const last = await upTo?.boundingBox();
  if (main === null) throw new Error('the page has no main part');
  const bottom = last ? last.y + last.height + 16 : main.y + main.height;
  await page.screenshot({
    path,
    clip: { x: main.x, y: main.y, width: main.width, height: Math.min(bottom, 1_100) - main.y },
  });
}

const COLOURS: Readonly<Record<string, string>> = {
  bold: 'font-weight:bold',
  dim: 'opacity:.6',
  red: 'color:#f77',
  green: 'color:#7d7',
  yellow: 'color:#ee8',
  cyan: 'color:#7dd',
};

/** A terminal's screen, its colours as marks (`«red»error:«»`), as a page. */
export function terminalPage(screen: string): string {
  const text = screen
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll(/«(\w*)»/g, (_mark, name: string) =>
      name === '' ? '</span>' : `<span style="${COLOURS[name] ?? ''}">`,
    );
  return `<body style="margin:0"><main style="display:inline-block;padding:16px;background:#1b1b24;color:#ddd">
    <pre style="margin:0;font:14px/1.4 monospace;width:80ch;white-space:pre-wrap;word-break:break-all">${text}</pre></main>`;
}
