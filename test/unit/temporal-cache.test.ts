import { homedir, userInfo } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { cacheDirectory } from '../../src/temporal/cache.js';
import { TemporalConfigError } from '../../src/temporal/index.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('the folder for downloads', () => {
  it('is the one that was chosen', () => {
    const MARKETPLACE_CACHE_DIR = resolve('/somewhere');
    expect(cacheDirectory({ MARKETPLACE_CACHE_DIR, HOME: '/home/me' })).toBe(MARKETPLACE_CACHE_DIR);
  });

  it.each(['.cache', '.', '~/.cache', ' '])(
    'is refused when it is relative: "%s"',
    (MARKETPLACE_CACHE_DIR) => {
      const reading = () => cacheDirectory({ MARKETPLACE_CACHE_DIR, HOME: '/home/me' });
      expect(reading).toThrow(TemporalConfigError);
      expect(reading).toThrow(`MARKETPLACE_CACHE_DIR is "${MARKETPLACE_CACHE_DIR}"`);
    },
  );

  it.each(['', '.', 'home'])('is below the real home folder when HOME is "%s"', (HOME) => {
    // The process's own HOME too, as that is what `homedir()` goes by.
    vi.stubEnv('HOME', HOME);
    const directory = cacheDirectory({ HOME, XDG_CACHE_HOME: HOME, LOCALAPPDATA: HOME });
    expect(isAbsolute(homedir())).toBe(process.platform === 'win32');
    expect(isAbsolute(directory)).toBe(true);
    expect(directory.startsWith(userInfo().homedir)).toBe(true);
  });

  it.skipIf(process.platform === 'win32')('follows XDG', () => {
    const XDG_CACHE_HOME = '/xdg';
    expect(cacheDirectory({ HOME: '', XDG_CACHE_HOME })).toBe(join('/xdg', 'gitlab-marketplace-temporal'));
  });
});
