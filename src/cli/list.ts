import type { ListedPromotion } from '../client.js';
import { parseIdentity, parseWhole, type Context } from './context.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { plain } from './output.js';
import { withClient } from './temporal.js';

export interface ListFlags {
  readonly all?: boolean;
  readonly waitingFor?: string;
  readonly limit: string;
}

export async function list({ config, output }: Context, flags: ListFlags): Promise<ExitCode> {
  const limit = parseWhole('--limit', flags.limit, 1, 10_000);
  const waitingFor =
    flags.waitingFor === undefined ? undefined : parseIdentity(flags.waitingFor, '--waiting-for');
  const open = flags.all !== true || waitingFor !== undefined;
  const found = await withClient(config, (client) => client.list({ open, limit, waitingFor }));
  for (const promotion of found) output.document(documentOf(promotion));
  if (output.json) return EXIT.done;
  if (found.length === 0 && waitingFor !== undefined) output.say(`nothing waits for ${waitingFor}`);
  else if (found.length === 0)
    output.say(open ? 'no open promotion; `promote list --all` shows ended ones' : 'no promotion yet');
  for (const line of linesOf(found)) output.say(line);
  return EXIT.done;
}

function documentOf(promotion: ListedPromotion): object {
  const { trigger, deadline, execution, startedAt, closedAt, ...rest } = promotion;
  return {
    ...rest,
    trigger: trigger ?? null,
    deadline: deadline?.toISOString() ?? null,
    execution: execution.toLowerCase(),
    startedAt: startedAt.toISOString(),
    closedAt: closedAt?.toISOString() ?? null,
  };
}

function linesOf(found: readonly ListedPromotion[]): string[] {
  const rows = found.map(({ target, phase, execution, commit, requester, startedAt }) => {
    const terminated = execution !== 'RUNNING' && execution !== 'COMPLETED';
    return [
      target,
      terminated ? `${phase} (${execution.toLowerCase()})` : phase,
      commit.slice(0, 12),
      requester,
      startedAt.toISOString(),
    ];
  });
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, column) => plain(cell).padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
