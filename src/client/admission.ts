import { ADMISSION } from '../../workflows/messages.js';
import type { AdmissionAnswer, AdmissionRequest } from '../../workflows/admission.js';
import { askWorker } from './ask-worker.js';
import type { TemporalServer } from './connection.js';

/**
 * The worker's own answer to "would you take this promotion?", before anything is started.
 * @throws ClientError `no_worker` after 10 s without a sign of a worker
 */
export async function admit(server: TemporalServer, request: AdmissionRequest): Promise<AdmissionAnswer> {
  return askWorker<AdmissionRequest, AdmissionAnswer>(server, {
    type: ADMISSION,
    arg: request,
    name: `admission/${request.target}`,
    what: 'check the promotion',
    otherwise: 'nothing was started',
  });
}
