import { z } from 'zod';

import type { Observation } from '../domain/observation.js';
import { HEALTHS, ROLLOUT_GATES } from '../domain/posture.js';
import { MAX_REASON_CODES, reasonCodeList, recommendationList } from '../domain/text.js';
import { outsideContract } from './outside-contract.js';

const texts = z.array(z.string()).nullish();

const StandardAnswer = z.object({
  health_state: z.enum(HEALTHS),
  rollout_gate: z.enum(ROLLOUT_GATES),
  reason_code: z.string().nullish(),
  reason_codes: texts,
  recommendations: texts,
});

/**
 * A system that speaks the runbook's own words, all at the top: `health_state`, `rollout_gate`, and `reason_code` or
 * `reason_codes`. A word that is missing or unknown is outside the contract; without a reason code it holds.
 */
export function readStandard(body: unknown): Observation {
  const parsed = StandardAnswer.safeParse(body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return outsideContract(`/${(issue?.path ?? []).map(String).join('/')}`, issue?.message ?? 'unreadable');
  }
  const { health_state: health, rollout_gate: gate, reason_code: code, reason_codes: codes } = parsed.data;
  const reasonCodes = [...(codes ?? []).slice(0, MAX_REASON_CODES), code ?? ''];
  return {
    kind: 'answered',
    posture: { health, gate, reasonCodes: reasonCodeList(reasonCodes) },
    recommendations: recommendationList(parsed.data.recommendations ?? []),
  };
}
