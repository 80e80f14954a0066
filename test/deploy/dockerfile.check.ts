import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inRepository } from '../helpers/deployment-files.js';
import { installHadolint, outcomeOf } from './tools.js';

const folder = mkdtempSync(join(tmpdir(), 'hadolint-'));
let hadolint: string;

beforeAll(async () => {
  hadolint = await installHadolint(folder);
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('hadolint', () => {
  it('has nothing against the Dockerfile', async () => {
    expect(await outcomeOf(hadolint, [inRepository('Dockerfile')], folder)).toEqual({
      ok: true,
      stdout: '',
      stderr: '',
    });
  });

  it('would have something against a bad one', async () => {
    const bad = join(folder, 'Dockerfile');
    writeFileSync(bad, 'FROM node:latest\nRUN cd /app && sudo npm install\n');
    const { ok, stdout } = await outcomeOf(hadolint, [bad], folder);
    expect(ok).toBe(false);
    expect(stdout).toMatch(/DL3007[^]*DL3004/);
  });
});
