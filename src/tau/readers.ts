import type { Observation } from '../domain/observation.js';
import { readCortexStatus } from './cortex-status.js';
import { readDeploymentStatus } from './deployment-status.js';
import { readDeploymentTransport } from './deployment-transport.js';
import { readGatewayStatus } from './gateway-status.js';
import { readOperatorSummary } from './operator-summary.js';

/**
 * From a decoded JSON answer to an observation, `answered` or `malformed`. Never throws; what it returns is bounded
 * and printable, whatever came.
 */
export type Reader = (body: unknown) => Observation;

export const READER_NAMES = [
  'tau-gateway-status',
  'tau-cortex-status',
  'tau-operator-summary',
  'tau-deployment-transport',
  'tau-deployment-status',
] as const;
/** How a runbook names the reader of a gate. */
export type ReaderName = (typeof READER_NAMES)[number];

export const readers: Readonly<Record<ReaderName, Reader>> = {
  'tau-gateway-status': readGatewayStatus,
  'tau-cortex-status': readCortexStatus,
  'tau-operator-summary': readOperatorSummary,
  'tau-deployment-transport': readDeploymentTransport,
  'tau-deployment-status': readDeploymentStatus,
};
