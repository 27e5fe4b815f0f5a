import type { MetricMeter } from '@temporalio/common';

import type { EvidenceWrite } from '../../src/wiring.js';

/** Notes how long a write into the evidence took, or that it failed. */
export function noteEvidenceWrite(meter: MetricMeter, { kind, seconds, failure }: EvidenceWrite): void {
  try {
    if (failure === undefined)
      meter
        .createHistogram('promote_evidence_write_seconds', 'float', '', 'Time of a write into the evidence')
        .record(seconds, { kind });
    else
      meter
        .createCounter('promote_evidence_write_failures_total', '', 'Writes into the evidence that failed')
        .add(1, { kind, code: failure });
  } catch {
    // A figure that can't be taken down, as when the process is ending, fails no write.
  }
}
