import { resolve } from 'node:path';

import { z } from 'zod';

import { InputError } from '../../contracts/input-error.js';
import { planOf } from '../../contracts/plan-of.js';
import type { Runbook, Variable } from '../../contracts/runbook.js';
import type { Command, HttpRequest } from '../../contracts/runbook-question.js';
import type { GateOverride } from '../../domain/override.js';
import type { Plan } from '../../domain/plan.js';
import { CanonicalError, canonicalBytes, digest, type Digest } from '../canonical.js';
import type { WrittenRunbook } from './read.js';
import { checkAuthors, placedGit, withRemotes } from './git-places.js';
import { substitute } from './substitute.js';
import { approvalWithNames } from './approval-names.js';
import { digestsOf, readSigners, type SignerDigests, type Signers } from './signers.js';
import { resolveVariable, type VariableSources, type VariableValue } from './variables.js';

/** A runbook whose variables have their values; secrets stand in it by name only. */
export interface LoadedRunbook {
  readonly runbook: Runbook;
  /** Canonical JSON of it: what its digest is over, and what stands in the evidence. */
  readonly bytes: Uint8Array;
  readonly digest: Digest;
  readonly plan: Plan;
  /** Expectations of one run that differ from the runbook's; part of the bytes, so of the digest that is approved. */
  readonly overrides: readonly GateOverride[];
  /** The approval policy as it stands in the evidence: names, numbers, and the digests of the files of keys. */
  readonly policyBytes: Uint8Array;
  readonly policy: Digest;
  /** The files of keys; undefined where nothing can be proven by a signature. */
  readonly signers: Signers | undefined;
}

/** What is resolved: `gates` is enough to ask them; `all` also promotes, so that approvers and remotes are needed. */
export type Extent = 'gates' | 'all';

/**
 * Gives the variables of a runbook their values.
 *
 * @param workingDirectory what relative working directories are relative to
 * @throws InputError invalid_runbook or missing_variable
 */
export async function resolveRunbook(
  { file, runbook: written }: WrittenRunbook,
  sources: VariableSources,
  extent: Extent,
  workingDirectory: string,
): Promise<LoadedRunbook> {
  refuseUnknownVariables(written, sources.set);
  const values = new Map<string, Promise<VariableValue>>();
  const lookup = (name: string): Promise<VariableValue> => {
    const variable = Object.hasOwn(written.variables, name) ? written.variables[name] : undefined;
    if (variable === undefined)
      throw new InputError('invalid_runbook', [
        `${file}: \${${name}} is no variable of this runbook: declare it under variables`,
      ]);
    const value = values.get(name) ?? resolveVariable(name, variable, sources);
    values.set(name, value);
    return value;
  };
  const { gates, prerequisites, ...rest } = written;
  const asked = { gates, prerequisites };
  const resolved = resolvedShape.parse(
    await substitute(extent === 'all' ? { ...rest, ...asked, variables: {} } : asked, lookup),
  );
  const runbook = placed(
    { ...written, ...resolved, variables: secretsOf(written.variables) },
    workingDirectory,
  );
  const all = extent === 'all';
  const approval = all ? approvalWithNames(runbook.approval, file) : { ...runbook.approval, approvers: [] };
  const git = all ? await withRemotes(runbook, sources) : {};
  if (all) checkAuthors(runbook, file);
  const signers = all ? await readSigners(file, runbook.approval) : undefined;
  try {
    return resolvedRunbook(
      {
        ...runbook,
        ...git,
        approval,
        ...(signers === undefined ? {} : { signers: digestsOf(signers) }),
      },
      signers,
    );
  } catch (cause) {
    if (!(cause instanceof CanonicalError)) throw cause;
    throw new InputError('invalid_runbook', [`${file}: ${cause.message}: ${NOT_CANONICAL}`], { cause });
  }
}

const NOT_CANONICAL =
  'a runbook holds well-formed text and whole numbers only, or its digest could not be checked';

/** A runbook as one run asks it, with what nobody writes into it; left out where there is none. */
export type ResolvedRunbook = Runbook & {
  readonly overrides?: readonly GateOverride[] | undefined;
  /** Digests of the files of keys. */
  readonly signers?: SignerDigests | undefined;
};

/**
 * A runbook that the schema has parsed before: substituting changes texts, and puts lists where lists are. Durations are
 * numbers by then, so the schema of what people write does not fit any more.
 */
export const resolvedShape = z.custom<ResolvedRunbook>(
  (value) => typeof value === 'object' && value !== null,
);

/**
 * Completes a resolved runbook with its canonical form, digests and plan.
 *
 * @param signers the files of keys, whose digests it holds
 */
export function resolvedRunbook(runbook: ResolvedRunbook, signers: Signers | undefined): LoadedRunbook {
  const bytes = canonicalBytes(JSON.parse(JSON.stringify(runbook)));
  const overrides = runbook.overrides ?? [];
  const policyBytes = policyBytesOf(runbook);
  return {
    runbook,
    bytes,
    overrides,
    digest: digest('promotion-runbook/v1', bytes),
    plan: planOf(runbook, overrides),
    policyBytes,
    policy: digest('promotion-policy/v1', policyBytes),
    signers,
  };
}

/** docs/reference/evidence.md, "Policy" */
function policyBytesOf({ approval, signers }: ResolvedRunbook): Uint8Array {
  const { required, approvers, requesters = null, orders, selfApproval, userVerification } = approval;
  const policy = {
    v: 1,
    protected: approval.protected,
    required,
    approvers,
    requesters,
    orders,
    selfApproval,
    userVerification,
    allowedSigners: signers?.allowedSigners ?? null,
    revokedKeys: signers?.revokedKeys ?? null,
  };
  return canonicalBytes(JSON.parse(JSON.stringify(policy)));
}

/** @throws InputError bad_usage for `--set` of a name that is no variable of the runbook */
export function refuseUnknownVariables(runbook: Runbook, set: VariableSources['set']): void {
  const unknown = Object.keys(set).find((name) => !Object.hasOwn(runbook.variables, name));
  if (unknown === undefined) return;
  const known = Object.keys(runbook.variables).join(', ');
  throw new InputError('bad_usage', [`--set ${unknown}: the runbook has no such variable: one of ${known}`]);
}

/** Only what is needed to open the secrets again, on the worker's side. */
function secretsOf(variables: Readonly<Record<string, Variable>>): Record<string, Variable> {
  return Object.fromEntries(Object.entries(variables).filter(([, { secret }]) => secret));
}

interface Asks {
  readonly command?: Command | undefined;
  readonly http?: HttpRequest | undefined;
}

/** The working directory is part of the question: the same words elsewhere ask something else. */
function placed(runbook: Runbook, base: string): Runbook {
  const place = <Asking extends Asks>(asks: Asking): Asking => ({
    ...asks,
    ...(asks.command === undefined
      ? {}
      : { command: { ...asks.command, workingDirectory: resolve(base, asks.command.workingDirectory) } }),
    ...(asks.http?.ca === undefined ? {} : { http: { ...asks.http, ca: resolve(base, asks.http.ca) } }),
  });
  return {
    ...runbook,
    prerequisites: runbook.prerequisites.map(place),
    gates: runbook.gates.map(place),
    remediation: { ...runbook.remediation, repairs: runbook.remediation.repairs.map(place) },
    ...placedGit(
      {
        promotion: { steps: runbook.promotion.steps.map(place) },
        rollback: {
          ...runbook.rollback,
          steps: runbook.rollback.steps.map(place).map((step) => ({
            ...step,
            ...(step.bringBack === undefined ? {} : { bringBack: place(step.bringBack) }),
            ...(step.check === undefined ? {} : { check: place(step.check) }),
            ...(step.verify === undefined ? {} : { verify: place(step.verify) }),
          })),
        },
      },
      base,
    ),
  };
}
