import { randomInt } from 'node:crypto';
import { freePorts, LOOPBACK } from '../src/temporal/ports.js';
import { StackError } from './errors.js';
import { TEMPORAL_SERVICES, type ServicePorts, type TemporalPorts } from './temporal-config.js';

/** The ports of a stack, all on loopback. */
export interface StackPorts {
  readonly postgres: number;
  readonly temporal: TemporalPorts;
  readonly ui: number;
  readonly codec: number;
  readonly simulator: number;
  readonly prometheus: number;
  /** `host:port` of each worker. */
  readonly workers: readonly { readonly metrics: string; readonly health: string }[];
}

/** The usual ports, each where it is free; for tests any that are free. */
export async function stackPorts({ areUsual }: { readonly areUsual: boolean }): Promise<StackPorts> {
  const usual = [8233, 8081, 8080, 9090, 9464, 9465, 8091, 8092];
  const [ui = 0, codec = 0, simulator = 0, prometheus = 0, metrics1, metrics2, health1, health2] =
    await freePorts(usual.map((port) => (areUsual ? port : 0)));
  const [postgres = 0, http = 0, ...metrics] = await freePorts([0, 0, 0, 0, 0, 0]);
  const [frontend, ...others] = await lowPorts(areUsual ? 7233 : undefined);
  const service = (index: number): ServicePorts => ({
    grpc: (index === 0 ? frontend : others[index]) ?? 0,
    membership: others[index + TEMPORAL_SERVICES.length] ?? 0,
    metrics: metrics[index] ?? 0,
  });
  const temporal = {
    frontend: service(0),
    history: service(1),
    matching: service(2),
    worker: service(3),
    http,
  };
  const workers = [
    { metrics: `${LOOPBACK}:${metrics1}`, health: `${LOOPBACK}:${health1}` },
    { metrics: `${LOOPBACK}:${metrics2}`, health: `${LOOPBACK}:${health2}` },
  ];
  return { postgres, temporal, ui, codec, simulator, prometheus, workers };
}

/**
 * Ports of the server's services, the first one as wanted where it is free. With PostgreSQL a server keeps them in a
 * column that takes none above 32767.
 */
async function lowPorts(first: number | undefined): Promise<number[]> {
  for (let attempt = 0; attempt < LOW_ATTEMPTS; attempt += 1) {
    const start = randomInt(LOWEST, HIGHEST - LOW_COUNT);
    const wanted = Array.from({ length: LOW_COUNT }, (_, index) => start + index);
    const ports = await freePorts([...(first === undefined || attempt > 0 ? [] : [first]), ...wanted]);
    if (ports.every((port) => port < HIGHEST)) return ports;
  }
  throw new StackError(`No ${LOW_COUNT} ports below ${HIGHEST} in a row are free on ${LOOPBACK}.`);
}

const LOWEST = 15_000;
const HIGHEST = 32_768;
const LOW_COUNT = 2 * TEMPORAL_SERVICES.length + 1;
const LOW_ATTEMPTS = 20;
