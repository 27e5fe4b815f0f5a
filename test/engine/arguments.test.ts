import { expect, it } from 'vitest';
import { startArguments } from '../../src/engine/arguments.js';

const plain = { timeSkipping: false, searchAttributes: {} };

it('starts a server that only this machine reaches, without its UI and with its state in the file', () => {
  const args = startArguments(7300, '/data/temporal.db', plain);
  expect(args.slice(0, 3)).toEqual(['server', 'start-dev', '--headless']);
  expect(args).toEqual(
    expect.arrayContaining([
      '--ip=127.0.0.1',
      '--port=7300',
      '--db-filename=/data/temporal.db',
      '--namespace=default',
    ]),
  );
});

it('names no state file for a server in memory', () => {
  expect(startArguments(7300, undefined, plain).join(' ')).not.toContain('--db-filename');
});

it('carries the measured settings, quoted as JSON', () => {
  expect(startArguments(7300, undefined, plain).filter((arg) => arg.startsWith('--dynamic'))).toEqual([
    '--dynamic-config-value=history.timerProcessorMaxTimeShift="1ms"',
    '--dynamic-config-value=history.transferProcessorMaxPollRPS=1000',
    '--dynamic-config-value=history.timerProcessorMaxPollRPS=1000',
    '--dynamic-config-value=history.workflowIdReuseMinimalInterval="1ms"',
    '--dynamic-config-value=history.hostLevelCacheMaxSize=2048',
  ]);
});

it('lets workflows skip time only when asked to', () => {
  const setting = '--dynamic-config-value=frontend.WorkflowTimeSkippingEnabled=true';
  expect(startArguments(7300, undefined, plain)).not.toContain(setting);
  expect(startArguments(7300, undefined, { ...plain, timeSkipping: true })).toContain(setting);
});

it('registers every search attribute with its type', () => {
  const searchAttributes = { PromotionTarget: 'Keyword', PromotionDeadline: 'Datetime' } as const;
  expect(startArguments(7300, undefined, { ...plain, searchAttributes })).toEqual(
    expect.arrayContaining([
      '--search-attribute=PromotionTarget=Keyword',
      '--search-attribute=PromotionDeadline=Datetime',
    ]),
  );
});
