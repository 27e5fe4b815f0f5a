// What a promotion's history is made of: its size, how long each stage took, and the shape that the least workflow repeats.
import proto from '@temporalio/proto';

/** Groups of activities that were scheduled together, each with its queue's suffix and its timeouts, and where a decision was waited for. */
export function shapeOf(events) {
  const shape = [];
  let group;
  let prefix;
  for (const event of events) {
    prefix ??= event.workflowExecutionStartedEventAttributes?.taskQueue?.name;
    if (event.workflowExecutionUpdateAcceptedEventAttributes) shape.push('signal');
    const scheduled = event.activityTaskScheduledEventAttributes;
    if (!scheduled) continue;
    const task = scheduled.workflowTaskCompletedEventId.toString();
    if (group?.task !== task) {
      group = { task, activities: [] };
      shape.push(group.activities);
    }
    const timeouts = TIMEOUTS.map((name) => [name, msOf(scheduled[name])]).filter(([, ms]) => ms > 0);
    group.activities.push({
      suffix: scheduled.taskQueue.name.slice(prefix.length),
      ...Object.fromEntries(timeouts),
    });
  }
  return shape;
}

const TIMEOUTS = ['startToCloseTimeout', 'scheduleToCloseTimeout', 'heartbeatTimeout'];

function msOf(duration) {
  return Number(duration?.seconds ?? 0) * 1_000 + (duration?.nanos ?? 0) / 1e6;
}

const HistoryEvent = proto.temporal.api.history.v1.HistoryEvent;

function isTask(event) {
  return (
    event.workflowTaskScheduledEventAttributes ??
    event.workflowTaskStartedEventAttributes ??
    event.workflowTaskCompletedEventAttributes
  );
}

/** What a history has because it was watched: the segment and its record, the workflow tasks after them, and the phase as it was published. */
export function watchOf(events) {
  const segment = events.find(
    ({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType.name === 'watchSegment',
  );
  const task = segment.activityTaskScheduledEventAttributes.workflowTaskCompletedEventId;
  const published = events.filter(
    ({
      workflowPropertiesModifiedEventAttributes: memo,
      upsertWorkflowSearchAttributesEventAttributes: attributes,
    }) => (memo ?? attributes)?.workflowTaskCompletedEventId?.equals(task),
  );
  const ended = events.findIndex(({ activityTaskCompletedEventAttributes: completed }) =>
    completed?.scheduledEventId.equals(segment.eventId),
  );
  const started = events.find(({ activityTaskStartedEventAttributes: begun }) =>
    begun?.scheduledEventId.equals(segment.eventId),
  );
  const sampled = events.findIndex(({ activityTaskScheduledEventAttributes: scheduled }) => {
    if (scheduled?.activityType.name !== 'appendEntries') return false;
    const { entries } = JSON.parse(Buffer.from(scheduled.input.payloads[0].data).toString('utf8'));
    return entries.every(({ kind }) => kind === 'sampled');
  });
  // Its record, and the task after it.
  const recorded = sampled === -1 ? [] : events.slice(sampled, sampled + 6);
  const own = [
    segment,
    started,
    events[ended],
    ...events
      .slice(ended + 1)
      .filter(isTask)
      .slice(0, 3),
    ...published,
    ...recorded,
  ];
  return {
    events: own.length,
    bytes: own.reduce((sum, event) => sum + HistoryEvent.encode(event).finish().byteLength, 0),
  };
}

/** From the scheduling of the first of these activities to the completion of the last, ms. */
const STAGES = {
  opening: ['admit', 'openRun', 'checkPrerequisites'],
  asking: ['describeChanges', 'recordAndRequestApproval'],
  round: { round: 'validation-1' },
  deciding: ['recordDecision'],
  preflight: { round: 'preflight-1' },
  promoting: ['promoteStep'],
  watching: ['watchSegment'],
  sealing: ['sealRun'],
};

export function stagesOf(events) {
  const spans = {};
  const names = new Map();
  for (const { eventId, eventTime, ...event } of events) {
    const scheduled = event.activityTaskScheduledEventAttributes;
    const completed = event.activityTaskCompletedEventAttributes;
    if (scheduled) names.set(eventId.toString(), stageOf(scheduled));
    const stage = scheduled ? stageOf(scheduled) : names.get(completed?.scheduledEventId.toString());
    if (stage === undefined) continue;
    const at = Number(eventTime.seconds) * 1_000 + eventTime.nanos / 1e6;
    const span = (spans[stage] ??= { from: at, to: at });
    span.to = at;
  }
  return Object.fromEntries(Object.entries(spans).map(([stage, { from, to }]) => [stage, to - from]));
}

function stageOf({ activityType, input }) {
  const [payload] = input?.payloads ?? [];
  const argument = payload === undefined ? {} : JSON.parse(Buffer.from(payload.data).toString('utf8'));
  return Object.entries(STAGES).find(([, of]) =>
    Array.isArray(of) ? of.includes(activityType.name) : argument?.round === of.round,
  )?.[0];
}
