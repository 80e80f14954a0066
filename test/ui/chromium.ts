import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** What a person reads who has none. */
export const CHROMIUM_MISSING = 'no Chromium: install it, or set MARKETPLACE_CHROMIUM to its path';

/**
 * The path of a Chromium on this machine; `undefined` when there is none.
 *
 * @throws Error when there is none, and CI, which may not skip, runs this.
 */
export function findChromium(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const wanted = env['MARKETPLACE_CHROMIUM'];
  if (wanted !== undefined && !existsSync(wanted)) throw new Error(`MARKETPLACE_CHROMIUM: no file ${wanted}`);
  const folders = [...(env['PATH'] ?? '').split(delimiter).filter(Boolean), '/usr/bin'];
  const found =
    wanted ?? folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(existsSync);
  if (found === undefined && env['CI'] !== undefined) throw new Error(CHROMIUM_MISSING);
  return found;
}
