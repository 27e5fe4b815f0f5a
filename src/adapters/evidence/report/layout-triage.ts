import type { Concern } from '../../../domain/ownership.js';
import type { Triage } from '../triage.js';
import { explained } from './codes.js';
import { item, listOf, type Block, type Item } from './document.js';

/** More than a person reads at once; the outcome file of the gate has all codes. */
const EXPLAINED = 12;

/** What held, what was tried, what the system recommends, and whose it is. */
export function layOutTriage({
  holding,
  recommendations,
  repairs,
  concerns,
  owners,
  relatedRunbooks,
}: Triage): readonly Block[] {
  return listOf([
    ...holding.map(holdingItem),
    ...repairs.map((repair) => item(`Repair attempted: ${repair}`)),
    ...recommendations.map((text) => item(`The system recommends: ${text}`)),
    ...concerns.map((concern) => item(concernLine(concern))),
    ...(owners.length === 0 ? [] : [item(`Owners: ${owners.join(', ')}`)]),
    ...(relatedRunbooks.length === 0 ? [] : [item(`Related: ${relatedRunbooks.join(', ')}`)]),
  ]);
}

/** A gate that holds, and below it what its codes mean, what to do, and whose they are. */
function holdingItem({ gate, reasonCodes }: Triage['holding'][number]): Item {
  return item(`${gate} holds: ${reasonCodes.join(', ')}`, reasonCodes.slice(0, EXPLAINED).flatMap(explained));
}

function concernLine({ kind, id, code, owners, relatedRunbooks }: Concern): string {
  const what = kind === 'step' ? `${code} (${id}, not proven)` : `${code} (${id})`;
  const who =
    owners.length === 0 ? 'belongs to nobody that the runbook names' : `belongs to ${owners.join(', ')}`;
  const where = relatedRunbooks.length === 0 ? '' : `; see ${relatedRunbooks.join(', ')}`;
  return `${what} ${who}${where}`;
}
