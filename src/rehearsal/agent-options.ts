/** What one run of `tau-coding-agent` is asked to do. */
export type AgentTask =
  | { readonly do: 'help' }
  | { readonly do: 'operator-summary'; readonly json: boolean }
  | {
      readonly do: 'deployment-status' | 'deployment-transport';
      readonly stateDir: string;
      readonly json: boolean;
    }
  | { readonly do: 'gateway-start'; readonly stateDir: string }
  | { readonly do: 'gateway-stop'; readonly stateDir: string; readonly reason: string }
  | { readonly do: 'refuse'; readonly message: string };

const FLAGS = [
  '--help',
  '--operator-control-summary',
  '--operator-control-summary-json',
  '--transport-health-json',
  '--deployment-status-inspect',
  '--deployment-status-json',
  '--gateway-service-start',
  '--gateway-service-stop',
] as const;
const VALUES = [
  '--deployment-state-dir',
  '--transport-health-inspect',
  '--gateway-state-dir',
  '--gateway-service-stop-reason',
] as const;

export const OPTIONS: readonly string[] = [...FLAGS, ...VALUES.map((name) => `${name} <VALUE>`)];

/** A wrong command line is refused as a usage error, whatever else it asks for. */
export function parseAgentTask(argv: readonly string[]): AgentTask {
  const flags = new Set<(typeof FLAGS)[number]>();
  const values = new Map<(typeof VALUES)[number], string>();
  for (let index = 0; index < argv.length; index += 1) {
    const argument = argv[index] ?? '';
    const flag = FLAGS.find((name) => name === argument);
    const option = VALUES.find((name) => argument === name || argument.startsWith(`${name}=`));
    if (flag !== undefined) flags.add(flag);
    else if (option === undefined) return refuse(`unexpected argument '${argument}' found`);
    else if (argument !== option) values.set(option, argument.slice(option.length + 1));
    else {
      index += 1;
      const value = argv[index];
      if (value === undefined)
        return refuse(`a value is required for '${option} <VALUE>' but none was supplied`);
      values.set(option, value);
    }
  }
  if (flags.has('--help')) return { do: 'help' };
  if (flags.has('--gateway-service-start') && flags.has('--gateway-service-stop'))
    return refuse("the argument '--gateway-service-start' cannot be used with '--gateway-service-stop'");
  return taskOf(flags, values);
}

function taskOf(
  flags: ReadonlySet<(typeof FLAGS)[number]>,
  values: ReadonlyMap<(typeof VALUES)[number], string>,
): AgentTask {
  const gateway = values.get('--gateway-state-dir') ?? '.tau/gateway';
  const deployment = values.get('--deployment-state-dir') ?? '.tau/deployment';
  const transport = values.get('--transport-health-inspect');
  if (flags.has('--gateway-service-start')) return { do: 'gateway-start', stateDir: gateway };
  if (flags.has('--gateway-service-stop')) {
    const reason = values.get('--gateway-service-stop-reason') ?? 'operator_requested';
    return { do: 'gateway-stop', stateDir: gateway, reason };
  }
  if (flags.has('--operator-control-summary'))
    return { do: 'operator-summary', json: flags.has('--operator-control-summary-json') };
  if (transport === 'deployment')
    return { do: 'deployment-transport', stateDir: deployment, json: flags.has('--transport-health-json') };
  if (transport !== undefined)
    return refuse(`invalid value '${transport}' for '--transport-health-inspect <VALUE>'`);
  if (flags.has('--deployment-status-inspect'))
    return { do: 'deployment-status', stateDir: deployment, json: flags.has('--deployment-status-json') };
  return refuse('this stand-in answers the questions of the operator-readiness runbook only');
}

function refuse(message: string): AgentTask {
  return { do: 'refuse', message };
}
