import { dirname } from 'node:path';
import { LOOPBACK } from '../src/temporal/ports.js';
import type { DataFolder } from './folder.js';
import { answers } from './http.js';
import { Service } from './service.js';

export interface WebUiOptions {
  /** The path of the Web UI server's program. */
  readonly program: string;
  readonly folder: DataFolder;
  readonly port: number;
  readonly temporalAddress: string;
  readonly namespace: string;
  readonly codecEndpoint: string;
}

/** Temporal's Web UI. @throws StackError when it does not start. */
export async function startWebUi(options: WebUiOptions): Promise<Service> {
  const { program, folder, port, temporalAddress, namespace, codecEndpoint } = options;
  const url = webUiUrl(port);
  const config = folder.config('web-ui.yaml', {
    temporalGrpcAddress: temporalAddress,
    host: LOOPBACK,
    port,
    enableUi: true,
    defaultNamespace: namespace,
    // Nothing is fetched from elsewhere.
    disableNewsFetch: true,
    cors: { allowOrigins: [url] },
    codec: { endpoint: codecEndpoint, passAccessToken: false, includeCredentials: false },
  });
  const service = new Service({
    name: 'Web UI',
    command: program,
    args: ['--root', '/', '--config', dirname(config), '--env', 'web-ui', 'start'],
    logFile: folder.logFile('web-ui'),
  });
  await service.start();
  await service.until(() => answers(url));
  return service;
}

export function webUiUrl(port: number): string {
  return `http://${LOOPBACK}:${port}`;
}
