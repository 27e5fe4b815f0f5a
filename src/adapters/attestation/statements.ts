import {
  RUN_PREDICATE,
  STATEMENT_TYPE,
  SVR_PREDICATE,
  TEST_RESULT_PREDICATE,
  type Attestation,
  type RunAttestation,
  type SvrAttestation,
  type SvrProperty,
  type TestResultAttestation,
} from '../../contracts/attestation.js';
import type { AttestedDecision, AttestedRun } from '../../contracts/attested-run.js';

/** What is attested of a run, in the order of its file: the run always, gates and decision where there were any. */
export function statementsOf(run: AttestedRun): readonly Attestation[] {
  const others = [testResultStatementOf(run), svrStatementOf(run)];
  return [runStatementOf(run), ...others.filter((statement) => statement !== undefined)];
}

function runStatementOf({ round: _round, approval: _approval, ...run }: AttestedRun): RunAttestation {
  return {
    _type: STATEMENT_TYPE,
    subject: [{ name: `${run.run}/manifest.json`, digest: { sha256: hexOf(run.manifest) } }],
    predicateType: RUN_PREDICATE,
    predicate: { ...run, v: 1, decisions: run.decisions.toSorted(byReceipt) },
  };
}

/** "an overridden pass is never shown as an earned one": it warns. */
function testResultStatementOf(run: AttestedRun): TestResultAttestation | undefined {
  if (run.round === null) return undefined;
  const { results } = run.round;
  const gatesThat = (verdict: (typeof results)[number]['verdict']): string[] =>
    results
      .filter((result) => result.verdict === verdict)
      .map(({ gate }) => gate)
      .sort();
  const failedTests = gatesThat('hold');
  const warnedTests = gatesThat('overridden');
  return {
    _type: STATEMENT_TYPE,
    subject: [{ digest: { gitCommit: run.commit } }],
    predicateType: TEST_RESULT_PREDICATE,
    predicate: {
      result: failedTests.length > 0 ? 'FAILED' : warnedTests.length > 0 ? 'WARNED' : 'PASSED',
      configuration: [{ name: 'runbook.json', digest: { 'promotion-runbook/v1': hexOf(run.runbook) } }],
      passedTests: gatesThat('pass'),
      warnedTests,
      failedTests,
    },
  };
}

/** Only of an approval that was reached and that nobody's reject ended. */
function svrStatementOf(run: AttestedRun): SvrAttestation | undefined {
  const { approval } = run;
  if (approval === null) return undefined;
  const decided = run.decisions.filter(({ subject }) => subject === approval.subject);
  const approvals = decided.filter(({ verdict }) => verdict === 'approve');
  if (approvals.length < approval.required || approvals.length < decided.length) return undefined;
  return {
    _type: STATEMENT_TYPE,
    subject: [{ digest: { gitCommit: run.commit } }],
    predicateType: SVR_PREDICATE,
    predicate: {
      verifier: {
        id: `urn:promote:deployment:${run.deployment}`,
        policies: [{ name: 'policy', digest: { 'promotion-policy/v1': hexOf(run.policy) } }],
      },
      timeCreated: approval.at,
      properties: propertiesOf(run, approvals),
    },
  };
}

function propertiesOf(run: AttestedRun, approvals: readonly AttestedDecision[]): SvrProperty[] {
  const properties: SvrProperty[] = ['PROMOTION_APPROVED'];
  if (approvals.every(({ identity }) => identity === 'signed')) properties.push('PROMOTION_APPROVALS_SIGNED');
  if (run.round !== null && run.round.results.every(({ verdict }) => verdict === 'pass'))
    properties.push('PROMOTION_GATES_PASSED');
  if (run.end === 'promoted') properties.push('PROMOTION_PROMOTED');
  return properties;
}

/** The order in which they were taken; of the same millisecond by name and verdict, so that the bytes are always the same. */
function byReceipt(a: AttestedDecision, b: AttestedDecision): number {
  const [left, right] = [a, b].map(({ receivedAt, by, verdict }) => `${receivedAt} ${by} ${verdict}`);
  return (left ?? '') < (right ?? '') ? -1 : 1;
}

function hexOf(digest: string): string {
  return digest.slice('sha256:'.length);
}
