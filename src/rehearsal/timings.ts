/** The runbook's times in a rehearsal: short where the pipeline would only wait. */
export interface Timings {
  readonly prerequisiteDeadlineMs: number;
  /** A gate that asks over HTTP. A faulty endpoint is asked again until then, so each such answer costs this. */
  readonly httpGateDeadlineMs: number;
  /** A gate that runs a command. No scenario's command hangs: it is long, for slow machines. */
  readonly commandGateDeadlineMs: number;
  readonly repairDeadlineMs: number;
  readonly manualDeadlineMs: number;
  readonly approvalExpiresMs: number;
  readonly promotionDeadlineMs: number;
  readonly watchWindowMs: number;
  readonly watchIntervalMs: number;
  /** Only a rollback that can't be verified costs this. */
  readonly rollbackDeadlineMs: number;
  readonly confirmAfterMs: number;
}

export const REHEARSAL_TIMINGS: Timings = {
  prerequisiteDeadlineMs: 20_000,
  httpGateDeadlineMs: 8_000,
  commandGateDeadlineMs: 8_000,
  repairDeadlineMs: 5_000,
  manualDeadlineMs: 1_000,
  approvalExpiresMs: 600_000,
  promotionDeadlineMs: 20_000,
  watchWindowMs: 1_500,
  watchIntervalMs: 250,
  rollbackDeadlineMs: 20_000,
  confirmAfterMs: 300,
};
