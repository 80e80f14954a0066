import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LOOPBACK } from '../src/temporal/ports.js';
import type { DataFolder } from './folder.js';
import { answers } from './http.js';
import { PACKAGE_FOLDER } from './package-folder.js';
import { Service } from './service.js';

export interface PrometheusOptions {
  readonly folder: DataFolder;
  readonly port: number;
  /** `host:port` of what is scraped, by job. */
  readonly targets: Readonly<Record<string, readonly string[]>>;
}

/** The alerts of production. */
const RULES = join(PACKAGE_FOLDER, 'deploy', 'prometheus', 'alerts.yml');

/** The path of Prometheus, where it is installed. */
export function prometheusProgram(): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(':')
    .map((folder) => join(folder, 'prometheus'))
    .find((path) => existsSync(path));
}

/** A Prometheus that scrapes the stack and watches it with the alerts of production. @throws StackError when it does not start. */
export async function startPrometheus(
  program: string,
  { folder, port, targets }: PrometheusOptions,
): Promise<Service> {
  const config = folder.config('prometheus.yaml', {
    global: { scrape_interval: '2s', evaluation_interval: '2s' },
    rule_files: [RULES],
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
