import type { DecisionRecord, RecordedDecision } from '../src/adapters/evidence/ballots.js';
import { parseDecision } from '../src/domain/statement.js';
import type { Dependencies } from './dependencies.js';
import { hasSecret } from './secret-in-text.js';

/** Checks and keeps a decision, at the worker's own receipt: neither the signer's time nor the workflow's. */
export function recordDecisionWith(dependencies: Dependencies) {
  return async (decision: DecisionRecord): Promise<RecordedDecision> => {
    const { evidence, ballots, loadRunbook, verify } = dependencies;
    const { record } = await evidence.known(decision.run);
    const current = await loadRunbook(record.target);
    const { by } = parseDecision(decision.submission);
    if (hasSecret(dependencies, current, decision.submission.statement))
      return { refusal: 'secret_in_text', file: '', voter: by, identity: 'asserted', key: null };
    return ballots.recordDecision(evidence, verify, current, decision, Date.now());
  };
}
