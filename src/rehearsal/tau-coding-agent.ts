import { setTimeout as after } from 'node:timers/promises';

import { OPTIONS, parseAgentTask, type AgentTask } from './agent-options.js';
import { deploymentStatus, deploymentTransportHealth, type Answer } from './deployment.js';
import { readGatewayService, started, statusLine, stopped, writeGatewayService } from './gateway-service.js';
import { operatorSummary } from './operator-summary.js';
import { happenings, readScript, takeTurns } from './script.js';

/**
 * The stand-in's command: a program of its own, started once a question, which answers from the files under its working
 * directory like the real one. It loads nothing but node: modules, to start as fast as they allow.
 */
async function main(): Promise<void> {
  const now = Date.now();
  const script = readScript('.');
  if (script !== undefined) {
    takeTurns('.', script, happenings('.', script), now);
    if (script.delayMs > 0) await after(script.delayMs);
  }
  perform(parseAgentTask(process.argv.slice(2)), now);
}

function perform(task: AgentTask, now: number): void {
  switch (task.do) {
    case 'help':
      process.stdout.write(`Usage: tau-coding-agent [OPTIONS]\n\nOptions:\n  ${OPTIONS.join('\n  ')}\n`);
      return;
    case 'operator-summary':
      print({ json: operatorSummary(now) }, task.json);
      return;
    case 'deployment-status':
      print(deploymentStatus(task.stateDir), task.json);
      return;
    case 'deployment-transport':
      print(deploymentTransportHealth(task.stateDir), task.json);
      return;
    case 'gateway-start':
    case 'gateway-stop': {
      const before = readGatewayService(task.stateDir);
      const service = task.do === 'gateway-start' ? started(before, now) : stopped(before, now, task.reason);
      writeGatewayService(task.stateDir, service);
      process.stdout.write(statusLine(task.stateDir, service));
      return;
    }
    case 'refuse':
      process.stderr.write(
        `error: ${task.message}\n\nUsage: tau-coding-agent [OPTIONS]\n\nFor more information, try '--help'.\n`,
      );
      process.exitCode = 2;
      return;
    default:
      task satisfies never;
  }
}

/** Without its `-json` flag a question is answered as text for people. */
function print(answer: Answer, json: boolean): void {
  if ('error' in answer) {
    process.stderr.write(answer.error);
    process.exitCode = 1;
  } else if (json) process.stdout.write(`${JSON.stringify(answer.json, undefined, 2)}\n`);
  else process.stdout.write(`${asText(answer.json)}\n`);
}

function asText(json: object): string {
  const plain = Object.entries(json).filter(([, value]) => typeof value !== 'object');
  return plain.map(([key, value]) => `${key}=${String(value)}`).join(' ');
}

await main();
