import type { MetricMeter } from '@temporalio/common';
import { Runtime, type Logger } from '@temporalio/worker';

import type { Config } from '../../src/config.js';
import { SightError } from './sight-error.js';

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** Seconds. Temporal's own buckets end where a wait for people begins. */
const BUCKETS = {
  promote_gate_seconds: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, MINUTE, 5 * MINUTE],
  promote_approval_wait_seconds: [
    MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    HOUR,
    2 * HOUR,
    4 * HOUR,
    8 * HOUR,
    24 * HOUR,
    72 * HOUR,
    168 * HOUR,
  ],
  promote_evidence_write_seconds: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
};

type Shown = Pick<Config, 'metricsAddress' | 'deployment'>;

let installed = false;

/**
 * Temporal's own log lines go where ours go, those of its native side too: left alone, that one prints to stdout, among the
 * documents. Its metrics and ours are shown at one address. The runtime is one a process.
 *
 * @returns what our own figures go through
 * @throws SightError where it can't listen there
 */
export function installRuntime(logger: Logger, config: Shown): MetricMeter {
  if (!installed) install(logger, config);
  installed = true;
  return Runtime.instance().metricMeter;
}

function install(logger: Logger, { metricsAddress, deployment }: Shown): void {
  const logging = { filter: { core: 'WARN', other: 'ERROR' }, forward: {} } as const;
  if (metricsAddress === undefined) {
    Runtime.install({ logger, telemetryOptions: { logging } });
    return;
  }
  try {
    Runtime.install({
      logger,
      telemetryOptions: {
        logging,
        metrics: {
          // One Prometheus may look after several deployments.
          globalTags: { deployment },
          prometheus: {
            bindAddress: metricsAddress,
            useSecondsForDurations: true,
            unitSuffix: true,
            histogramBucketOverrides: BUCKETS,
          },
        },
      },
    });
  } catch (error) {
    const inUse = /in use/i.test(String(error));
    throw new SightError(
      inUse ? 'address_in_use' : 'address_unusable',
      'PROMOTE_METRICS_ADDRESS',
      metricsAddress,
      error,
    );
  }
}
