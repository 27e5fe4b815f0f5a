// The least workflow of a promotion's shape: as many activities of each queue, in the same groups, doing nothing, and a signal.
import { condition, defineSignal, proxyActivities, setHandler, workflowInfo } from '@temporalio/workflow';

import { GO_ON } from './messages.mjs';

/** @param shape groups of activities that run at the same time, and `signal` where one is waited for */
export async function least(shape) {
  let told = false;
  setHandler(defineSignal(GO_ON), () => void (told = true));
  const { taskQueue } = workflowInfo();
  const nothingOn = ({ suffix, ...timeouts }) =>
    proxyActivities({ taskQueue: `${taskQueue}${suffix}`, ...timeouts }).nothing;
  for (const group of shape) {
    if (group === 'signal') await condition(() => told);
    else await Promise.all(group.map((activity) => nothingOn(activity)()));
  }
  return 'done';
}
