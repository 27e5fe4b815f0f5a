import type { Runbook } from './runbook.js';
import {
  COMMIT,
  isUnclosed,
  mayCommitStand,
  maySecretStand,
  mayBeList,
  misplacedHint,
  referencesIn,
  wholeReference,
} from './variable-references.js';

type Path = readonly (string | number)[];
type Report = (path: Path, message: string) => void;

/** What is wrong with the texts of a runbook before any variable has a value. */
export function reportTexts({ variables, ...rest }: Runbook, report: Report): void {
  walk(rest, [], (text, path) => {
    if (isUnclosed(text)) report(path, 'a ${ is not closed: write ${name}, or $${ for a literal ${');
    for (const name of referencesIn(text)) reportReference(variables, name, text, path, report);
    if (path.at(-1) === 'url' && path.includes('http')) reportAddress(text, path, report);
  });
}

function walk(value: unknown, path: Path, visit: (text: string, path: Path) => void): void {
  if (typeof value === 'string') visit(value, path);
  else if (Array.isArray(value))
    for (const [index, item] of value.entries()) walk(item, [...path, index], visit);
  else if (typeof value === 'object' && value !== null)
    for (const [key, item] of Object.entries(value)) walk(item, [...path, key], visit);
}

function reportReference(
  variables: Runbook['variables'],
  name: string,
  text: string,
  path: Path,
  report: Report,
): void {
  if (name === COMMIT) {
    if (!mayCommitStand(path)) report(path, misplacedHint(name, 'commit'));
    return;
  }
  const variable = Object.hasOwn(variables, name) ? variables[name] : undefined;
  if (variable === undefined) {
    const known = Object.keys(variables).join(', ');
    const hint = known === '' ? '' : `, or use one of ${known}`;
    report(path, `\${${name}} is no variable of this runbook: declare it under variables${hint}`);
    return;
  }
  if (variable.secret) {
    if (!maySecretStand(path)) report(path, misplacedHint(name, 'secret'));
    return;
  }
  const isList = variable.list || variable.command !== undefined;
  const standsAlone = wholeReference(text) === name && (typeof path.at(-1) === 'number' || mayBeList(path));
  if (isList && !standsAlone) report(path, misplacedHint(name, 'list'));
}

/** Only what no value of a variable could put right. */
function reportAddress(text: string, path: Path, report: Report): void {
  if (text.startsWith('${')) return;
  if (!/^https?:\/\//i.test(text)) {
    report(path, 'is no address that can be asked: write http://… or https://…');
    return;
  }
  if (/^https?:\/\/[^/?#]*@/i.test(text)) {
    report(path, 'holds a user or password, which would be logged: take it out, and use bearer or headers');
    return;
  }
  if (referencesIn(text).length === 0 && !URL.canParse(text))
    report(path, 'is no address that can be asked: write http://host:port/path');
}
