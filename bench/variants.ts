import type { WorkerOptions } from '@temporalio/worker';

/** What is measured against {@link VARIANTS.defaults}. */
export const VARIANTS = {
  /** As workers are run: fixed slots and pollers. */
  defaults: {},
  /** As many workflow tasks at once as the SDK has by itself. */
  'forty-tasks': { maxConcurrentWorkflowTaskExecutions: 40 },
  /** Slots as memory and processor allow. */
  'resource-based': {
    tuner: { tunerOptions: { targetMemoryUsage: 0.8, targetCpuUsage: 0.9 } },
  },
  /** As many polls as there is work. */
  autoscaling: {
    workflowTaskPollerBehavior: { type: 'autoscaling' },
    activityTaskPollerBehavior: { type: 'autoscaling' },
  },
  /** As `defaults`, with encrypted payloads. */
  encrypted: {},
} as const satisfies Record<string, Partial<WorkerOptions>>;

export type Variant = keyof typeof VARIANTS;

/** @throws TypeError when there is no such variant. */
export function variantOf(name: string): Variant {
  const found = variants().find((variant) => variant === name);
  if (found === undefined)
    throw new TypeError(`no such variant: ${name}. There are ${variants().join(', ')}`);
  return found;
}

export function variants(): Variant[] {
  return Object.keys(VARIANTS).filter((name): name is Variant => name in VARIANTS);
}
