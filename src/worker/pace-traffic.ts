import type { Logger } from '@temporalio/worker';
import type { WorkerConfig } from '../config.js';
import { PacedTraffic, type TrafficEvent, type TrafficReport } from '../portal/index.js';
import { Fleet, type FleetDeps } from './fleet.js';

/** The traffic of a worker's calls, and what it logs. @param rate calls a second, over all workers together. */
export function paceTraffic(rate: number | undefined, logger: Logger): PacedTraffic {
  // Who is not counted yet takes no share.
  const workers = rate === undefined ? 1 : 0;
  const logCircuit = circuitLog(logger);
  const onEvent = (event: TrafficEvent): void => {
    if (event.type === 'circuit') return logCircuit(event.state);
    const { tradingPartnerId, forMs } = event;
    logger.warn("The portal asked for a pause: the calls of the partner's client wait", {
      tradingPartnerId,
      forMs,
    });
  };
  return new PacedTraffic({ rate, workers, onEvent });
}

/** Shares the rate with the other workers of the task queue; there is nothing to share without one. */
export function watchFleet(
  { portalRate, taskQueue, temporal: { namespace } }: WorkerConfig,
  deps: Pick<FleetDeps, 'connection' | 'identity' | 'logger'>,
  traffic: PacedTraffic,
): Fleet | undefined {
  if (portalRate === undefined) return undefined;
  const onCount = (workers: number): void => traffic.setWorkers(workers);
  const fleet = new Fleet({ ...deps, namespace, taskQueue, onCount });
  fleet.start();
  return fleet;
}

function circuitLog(logger: Logger): (state: TrafficReport['circuit']) => void {
  let isDown = false;
  return (state) => {
    // A probe that fails changes nothing.
    if (state === 'open' && !isDown) logger.warn('The portal is down: it is called now and then only');
    if (state === 'ramping') logger.info('The portal is back: the calls come back little by little');
    if (state === 'closed') logger.info('The portal is called as usual again');
    if (state !== 'probing') isDown = state === 'open';
  };
}
