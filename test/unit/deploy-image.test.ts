import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { inRepository, textOf } from '../helpers/deployment-files.js';

const manifest = z
  .object({
    version: z.string(),
    license: z.string(),
    files: z.array(z.string()),
    engines: z.object({ node: z.string() }),
    scripts: z.object({ worker: z.string() }),
  })
  .parse(JSON.parse(readFileSync(inRepository('package.json'), 'utf8')));

/** One instruction a line, as Docker reads it: no comments, continued lines joined. */
const instructions = textOf('Dockerfile')
  .replaceAll(/^\s*#.*\n/gm, '')
  .replaceAll(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line !== '');
const [build = [], run = []] = stages();

function stages(): string[][] {
  const found: string[][] = [];
  for (const line of instructions) {
    if (line.startsWith('FROM ')) found.push([]);
    found.at(-1)?.push(line);
  }
  return found;
}

/** What is copied from the repository. */
function sources(stage: readonly string[]): string[] {
  return stage
    .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
    .flatMap((line) => line.split(' ').slice(1, -1));
}

describe('the Dockerfile', () => {
  it('builds and runs on one version of Node that the package supports', () => {
    const versions = [build, run].map(([from = '']) => /^FROM node:(\d+\.\d+\.\d+)-bookworm/.exec(from)?.[1]);
    expect(new Set(versions).size).toBe(1);
    const least = /^>=(\d+)\.(\d+)\.\d+$/.exec(manifest.engines.node)?.slice(1).map(Number) ?? [];
    const [major = 0, minor = 0] = versions[0]?.split('.').map(Number) ?? [];
    expect(least).toHaveLength(2);
    expect(major * 1_000 + minor).toBeGreaterThanOrEqual((least[0] ?? Infinity) * 1_000 + (least[1] ?? 0));
  });

  it('copies files that exist, and that .dockerignore lets through', () => {
    const ignore = textOf('.dockerignore').split('\n');
    expect(ignore).toContain('*');
    for (const source of [...sources(build), ...sources(run)]) {
      expect(inRepository(source)).toSatisfy(existsSync);
      expect(ignore).toContain(`!${source}`);
    }
  });

  it('lets nothing else through to the build', () => {
    const copied = new Set([...sources(build), ...sources(run)]);
    const through = textOf('.dockerignore').match(/(?<=^!).+$/gm) ?? [];
    for (const path of through) expect(copied).toContain(path);
  });

  it('has what the npm package has', () => {
    const text = run.join('\n');
    for (const file of manifest.files.filter((name) => !name.startsWith('!')))
      expect(text).toMatch(new RegExp(`COPY .*${file}`));
  });

  it('installs from the lockfile, and leaves out what only building needs', () => {
    expect(build).toContain('RUN npm ci');
    expect(build.join('\n')).toMatch(/npm run build && npm prune --omit=dev/);
    expect(run.filter((line) => line.startsWith('RUN '))).toEqual([]);
  });

  it('keeps the native module of the architecture that it is built for', () => {
    for (const architecture of ['x86_64', 'aarch64']) {
      const module = `node_modules/@temporalio/core-bridge/releases/${architecture}-unknown-linux-gnu`;
      expect(inRepository(module)).toSatisfy(existsSync);
    }
    expect(build.join('\n')).toContain('! -name "$(uname -m)-unknown-linux-gnu"');
  });

  it('runs the worker as nobody special, without a shell', () => {
    expect(run).toContain('USER 1000:1000');
    // The base image's entry point is a shell script.
    expect(run).toContain('ENTRYPOINT []');
    expect(run.at(-1)).toBe(
      `CMD ${JSON.stringify(manifest.scripts.worker.split(' ')).replaceAll(',', ', ')}`,
    );
    expect(run.find((line) => line.startsWith('HEALTHCHECK'))).toMatch(/CMD \["node", "-e", /);
  });

  it('asks for health where the worker is told to serve it', () => {
    const text = run.join('\n');
    const port = /MARKETPLACE_HEALTH_ADDRESS=0\.0\.0\.0:(\d+)/.exec(text)?.[1];
    expect(text).toContain(`fetch('http://127.0.0.1:${port}/readyz')`);
    expect(text).toContain(`EXPOSE ${port} 9464`);
  });

  it("is labelled with the package's version and license", () => {
    expect(run.join('\n')).toContain(`image.version="${manifest.version}"`);
    expect(run.join('\n')).toContain(`image.licenses="${manifest.license}"`);
  });
});
