import { NAMESPACE, type EngineOptions } from './options.js';
import { LOOPBACK } from './ports.js';

/** Settings of a server for one machine; measured with Temporal 1.32 on two cores. */
const TUNING = [
  // A 50 ms timer takes a second without it.
  'history.timerProcessorMaxTimeShift="1ms"',
  // 55 ms a sequential activity without them, 11 ms with them.
  'history.transferProcessorMaxPollRPS=1000',
  'history.timerProcessorMaxPollRPS=1000',
  // Continue-as-new waits up to a second a time without it.
  'history.workflowIdReuseMinimalInterval="1ms"',
  // It would keep 128,000 entries in memory, 20 to 30 kB each, whether or not anything happens to them.
  'history.hostLevelCacheMaxSize=2048',
] as const;

/**
 * The arguments that a development server is started with. Pure.
 * @param stateFile file of the persistent state; undefined keeps it in memory
 */
export function startArguments(
  port: number,
  stateFile: string | undefined,
  options: Pick<EngineOptions, 'timeSkipping' | 'searchAttributes'>,
): string[] {
  const settings = [
    ...TUNING,
    ...(options.timeSkipping ? ['frontend.WorkflowTimeSkippingEnabled=true'] : []),
  ];
  return [
    'server',
    'start-dev',
    '--headless',
    `--ip=${LOOPBACK}`,
    `--port=${port}`,
    ...(stateFile === undefined ? [] : [`--db-filename=${stateFile}`]),
    `--namespace=${NAMESPACE}`,
    '--log-level=warn',
    // An own server is ours alone: a user's profile must not bend it.
    '--disable-config-env',
    '--disable-config-file',
    ...Object.entries(options.searchAttributes).map(([name, type]) => `--search-attribute=${name}=${type}`),
    ...settings.map((setting) => `--dynamic-config-value=${setting}`),
  ];
}
