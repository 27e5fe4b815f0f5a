import { unverifiedStep } from './unverified.js';

/** What an owner, or a document, is there for: docs/reference/runbook.md, "Owners and related runbooks". */
export interface Covers {
  readonly gates: readonly string[];
  /** Reason codes; one that ends in `*` covers every code that begins so. */
  readonly codes: readonly string[];
  /** Promotion and rollback steps. */
  readonly steps: readonly string[];
}

export interface Owner extends Covers {
  readonly name: string;
  /** How they are reached, where the name does not say it. */
  readonly contact: string | undefined;
}

export interface RelatedRunbook extends Covers {
  readonly path: string;
}

/** Who is there for what a runbook asks and does, and what people read about it. */
export interface Ownership {
  readonly owners: readonly Owner[];
  readonly relatedRunbooks: readonly RelatedRunbook[];
}

/** A gate that holds or a step that is not proven, with one reason code of it. */
export interface Cause {
  readonly kind: 'gate' | 'step';
  readonly id: string;
  readonly code: string;
}

/** What keeps a promotion, or a rollback, from going on: every code of every holding gate, and of every unproven step. */
export function causesOf(
  gates: readonly {
    readonly gate: string;
    readonly verdict: string;
    readonly reasonCodes: readonly string[];
  }[],
  unverified: readonly string[],
): readonly Cause[] {
  return [
    ...unverified.map((line): Cause => {
      const { step, code } = unverifiedStep(line);
      return { kind: 'step', id: step, code };
    }),
    ...gates.flatMap(({ gate, verdict, reasonCodes }) =>
      verdict === 'hold' ? reasonCodes.map((code): Cause => ({ kind: 'gate', id: gate, code })) : [],
    ),
  ];
}

/** Whom a cause concerns, and where to look. */
export interface Concern extends Cause {
  /** Names, with the contact in brackets where there is one. */
  readonly owners: readonly string[];
  /** Paths. */
  readonly relatedRunbooks: readonly string[];
}

/** More would tell a person less; all of them stand in the evidence. */
const MAX_CONCERNS = 32;

/** Each cause once, in the order given, with those that it belongs to. */
export function concernsOf(
  { owners, relatedRunbooks }: Ownership,
  causes: readonly Cause[],
): readonly Concern[] {
  const distinct = causes.filter(
    ({ kind, id, code }, index) =>
      causes.findIndex((other) => other.kind === kind && other.id === id && other.code === code) === index,
  );
  return distinct.slice(0, MAX_CONCERNS).map((cause) => ({
    ...cause,
    owners: covering(owners, cause).map(shownOwner),
    relatedRunbooks: covering(relatedRunbooks, cause).map(({ path }) => path),
  }));
}

export function shownOwner({ name, contact }: Owner): string {
  return contact === undefined ? name : `${name} (${contact})`;
}

/** Those that name the code; where nobody does, the gate or step; where nobody does, those that name nothing at all. */
function covering<Item extends Covers>(items: readonly Item[], { kind, id, code }: Cause): readonly Item[] {
  const byCode = items.filter(({ codes }) => codes.some((pattern) => covers(pattern, code)));
  if (byCode.length > 0) return byCode;
  const byPlace = items.filter(({ gates, steps }) => (kind === 'gate' ? gates : steps).includes(id));
  if (byPlace.length > 0) return byPlace;
  return items.filter(({ gates, codes, steps }) => gates.length + codes.length + steps.length === 0);
}

function covers(pattern: string, code: string): boolean {
  return pattern.endsWith('*') ? code.startsWith(pattern.slice(0, -1)) : code === pattern;
}
