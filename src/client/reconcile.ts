import type { ReconcileAnswer, ReconcileRequest } from '../domain/reconciling.js';
import { RECONCILE } from '../../workflows/messages.js';
import { askWorker } from './ask-worker.js';
import type { TemporalServer } from './connection.js';

/**
 * Has the worker look after promotions whose workflows were ended from outside. Safe to repeat.
 * @throws ClientError `no_worker`, `refused`
 */
export async function reconcile(server: TemporalServer, request: ReconcileRequest): Promise<ReconcileAnswer> {
  return askWorker<ReconcileRequest, ReconcileAnswer>(server, {
    type: RECONCILE,
    arg: request,
    name: 'reconcile',
    what: 'look for abandoned promotions',
    otherwise: 'nothing was done',
  });
}
