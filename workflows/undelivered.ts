import type { NotifyRequest } from '../activities/notify.js';
import { notifyActivities } from './activity-options.js';

/** Delivers what an ended promotion had not delivered yet. */
export async function undelivered(requests: readonly NotifyRequest[]): Promise<void> {
  await Promise.allSettled(requests.map((request) => notifyActivities().notify(request)));
}
