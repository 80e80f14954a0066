import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { addKey } from '../src/codec/key-ring-file.js';
import { DEMO_CLIENT } from '../src/simulator/options.js';
import { LOOPBACK } from '../src/temporal/ports.js';
import { StackError } from './errors.js';
import type { DataFolder } from './folder.js';
import { answers } from './http.js';
import { PACKAGE_FOLDER } from './package-folder.js';
import { Service } from './service.js';

const COMMAND = join(PACKAGE_FOLDER, 'dist', 'src', 'cli', 'main.js');

/** What is started with a `marketplace` command. */
interface Settings {
  readonly name: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly folder: DataFolder;
  readonly logName: string;
}

function marketplace({ name, args, env, folder, logName }: Settings): Service {
  if (!existsSync(COMMAND)) throw new StackError(`${COMMAND} is missing: run \`npm run build\` first.`);
  return new Service({
    name,
    command: process.execPath,
    args: [COMMAND, ...args],
    ...(env && { env }),
    logFile: folder.logFile(logName),
  });
}

/** A stand-in of the portal. @throws StackError when it does not start. */
export async function startSimulator(folder: DataFolder, port: number): Promise<Service> {
  const service = marketplace({
    name: 'portal simulator',
    args: ['simulator', '--port', String(port)],
    folder,
    logName: 'simulator',
  });
  await service.start();
  await service.until(() => answers(`http://${LOOPBACK}:${port}/_simulator/orders`));
  return service;
}

export interface CodecServerOptions {
  readonly folder: DataFolder;
  readonly port: number;
  readonly keysFile: string;
  readonly secret: string;
  readonly namespace: string;
  readonly uiOrigin: string;
}

/** The codec server. @throws StackError when it does not start. */
export async function startCodecServer(options: CodecServerOptions): Promise<Service> {
  const { folder, port, keysFile, secret, namespace, uiOrigin } = options;
  const service = marketplace({
    name: 'codec server',
    args: ['codec-server'],
    env: {
      MARKETPLACE_CODEC_ADDRESS: `${LOOPBACK}:${port}`,
      MARKETPLACE_CODEC_KEYS_FILE: keysFile,
      MARKETPLACE_CODEC_STATIC_SECRET: secret,
      MARKETPLACE_CODEC_NAMESPACES: namespace,
      MARKETPLACE_CODEC_UI_ORIGINS: uiOrigin,
    },
    folder,
    logName: 'codec-server',
  });
  await service.start();
  await service.until(() => service.log().includes('codec server ready'));
  return service;
}

/** The path of a key ring: the one that is there, else one with a new key. */
export async function keyRing(folder: DataFolder): Promise<string> {
  const path = folder.secretPath('codec-keys.json');
  if (!existsSync(path)) await addKey(path, 'first');
  return path;
}

export interface WorkerOptions {
  readonly folder: DataFolder;
  readonly name: string;
  readonly temporalAddress: string;
  readonly namespace: string;
  readonly portalUrl: string;
  readonly keysFile: string;
  /** `host:port` */
  readonly metricsAddress: string;
  /** `host:port` */
  readonly healthAddress: string;
  /** More of the environment, or other values. */
  readonly changes?: Readonly<Record<string, string>>;
}

/** A worker, not yet started. */
export function worker(options: WorkerOptions): Service {
  const { folder, name, changes } = options;
  const secret = folder.secret('client-secret', () => DEMO_CLIENT.clientSecret);
  return marketplace({
    name,
    args: ['worker'],
    env: {
      TEMPORAL_ADDRESS: options.temporalAddress,
      TEMPORAL_NAMESPACE: options.namespace,
      MARKETPLACE_PORTAL_URL: options.portalUrl,
      MARKETPLACE_CLIENT_ID: DEMO_CLIENT.clientId,
      MARKETPLACE_CLIENT_SECRET_FILE: secret.path,
      MARKETPLACE_CODEC_KEYS_FILE: options.keysFile,
      MARKETPLACE_METRICS_ADDRESS: options.metricsAddress,
      MARKETPLACE_HEALTH_ADDRESS: options.healthAddress,
      ...changes,
    },
    folder,
    logName: name,
  });
}

/** Starts a worker, and waits until it polls. @throws StackError when it does not. */
export async function startWorker(service: Service): Promise<void> {
  await service.start();
  await service.until(() => service.log().includes('worker ready'), 120_000);
}
