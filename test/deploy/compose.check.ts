import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { composeWith, envFile, inRepository, textOf } from '../helpers/deployment-files.js';
import { composeConfig } from './tools.js';

const folder = mkdtempSync(join(tmpdir(), 'compose-check-'));
afterAll(() => rmSync(folder, { recursive: true }));

const COMPOSE = inRepository('docker-compose.yml');
const SIMULATOR = inRepository('deploy/compose/simulator.env');

/** The composition, as somebody might spoil it. */
function spoilt(from: string, to: string): string {
  const file = join(folder, 'docker-compose.yml');
  const text = textOf('docker-compose.yml');
  expect(text).toContain(from);
  writeFileSync(file, text.replace(from, to));
  return file;
}

const project = z.object({
  services: z.record(z.string(), z.object({ environment: z.record(z.string(), z.string()).nullish() })),
});

describe("Docker Compose's own reader", () => {
  it('accepts the composition with the simulator, and reads in it what our tests read', async () => {
    const { ok, stdout, stderr } = await composeConfig(SIMULATOR, COMPOSE);
    expect(stderr).toBe('');
    expect(ok).toBe(true);
    const { services } = project.parse(JSON.parse(stdout));
    const ours = composeWith(envFile('deploy/compose/simulator.env')).services;
    expect(Object.keys(services).toSorted()).toEqual(Object.keys(ours).toSorted());
    for (const [name, { environment }] of Object.entries(services))
      expect(environment ?? {}).toEqual(ours[name]?.environment);
  });

  it('accepts it for a real portal, without the simulator', async () => {
    const { ok, stdout } = await composeConfig(inRepository('deploy/compose/portal.env'), COMPOSE);
    expect(ok).toBe(true);
    const { services } = project.parse(JSON.parse(stdout));
    expect(Object.keys(services)).toHaveLength(11);
    expect(services).not.toHaveProperty('simulator');
  });

  it('refuses it without the settings of either', async () => {
    const empty = join(folder, 'empty.env');
    writeFileSync(empty, '');
    const { ok, stderr } = await composeConfig(empty, COMPOSE);
    expect(ok).toBe(false);
    expect(stderr).toContain('MARKETPLACE_PORTAL_URL');
  });

  it.each([
    ['a word that is no part of the specification', 'read_only: true', 'readonly: true', 'readonly'],
    [
      'a condition that does not exist',
      'condition: service_healthy',
      'condition: service_well',
      '.condition',
    ],
    ['a network that does not exist', 'networks: [database]', 'networks: [databases]', 'databases'],
    [
      'a secret that does not exist',
      'secrets: [grafana-password]',
      'secrets: [grafana-passwords]',
      'grafana-passwords',
    ],
  ])('would refuse %s', async (_what, from, to, named) => {
    const { ok, stderr } = await composeConfig(SIMULATOR, spoilt(from, to));
    expect(ok).toBe(false);
    expect(stderr).toContain(named);
  });
});
