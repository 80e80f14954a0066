import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LOOPBACK } from '../src/temporal/ports.js';
import type { DataFolder } from './folder.js';
import { answers } from './http.js';
import { Service } from './service.js';

export interface PrometheusOptions {
  readonly folder: DataFolder;
  readonly port: number;
  /** `host:port` of what is scraped, by job. */
  readonly targets: Readonly<Record<string, readonly string[]>>;
}

/** The path of Prometheus, where it is installed. */
export function prometheusProgram(): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(':')
    .map((folder) => join(folder, 'prometheus'))
    .find((path) => existsSync(path));
}

/** A Prometheus that scrapes the stack. @throws StackError when it does not start. */
export async function startPrometheus(
  program: string,
  { folder, port, targets }: PrometheusOptions,
): Promise<Service> {
  const config = folder.config('prometheus.yaml', {
    global: { scrape_interval: '2s' },
    scrape_configs: Object.entries(targets).map(([job, addresses]) => ({
      job_name: job,
      static_configs: [{ targets: addresses }],
    })),
  });
  const address = `${LOOPBACK}:${port}`;
  const service = new Service({
    name: 'Prometheus',
    command: program,
    args: [
      `--config.file=${config}`,
      `--storage.tsdb.path=${folder.folder('prometheus')}`,
      `--web.listen-address=${address}`,
      '--log.level=warn',
    ],
    logFile: folder.logFile('prometheus'),
  });
  await service.start();
  await service.until(() => answers(`http://${address}/-/ready`));
  return service;
}
