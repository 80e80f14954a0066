import type { MetricCounter, MetricGauge, MetricHistogram, MetricMeter } from '@temporalio/common';
import type { Metric } from '../contract/metrics.js';

/** The instruments of our metrics. One is made once, and kept: making it crosses into the SDK's core. */

export function counter(meter: MetricMeter, { name, help }: Metric): MetricCounter {
  return meter.createCounter(name, undefined, help);
}

export function gauge(meter: MetricMeter, { name, help }: Metric): MetricGauge {
  return meter.createGauge(name, 'float', undefined, help);
}

export function histogram(meter: MetricMeter, { name, help }: Metric): MetricHistogram {
  return meter.createHistogram(name, 'float', undefined, help);
}
