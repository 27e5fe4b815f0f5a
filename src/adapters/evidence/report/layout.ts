import type { Report } from '../report-model.js';
import { layOutApproval } from './layout-approval.js';
import { layOutGates } from './layout-gates.js';
import { layOutPeople } from './layout-people.js';
import { layOutPromotion } from './layout-promotion.js';
import { layOutRollback } from './layout-rollback.js';
import { layOutRemediation, layOutSteps } from './layout-steps.js';
import { layOutTimeline } from './layout-timeline.js';
import { layOutTriage } from './layout-triage.js';
import { layOutWatch } from './layout-watch.js';
import { toneOfEnd } from './tones.js';
import { item, listOf, type ReportDocument, type Section, type SectionId, type Block } from './document.js';

/** The order in which a stranger asks: what it was, why it ended so, and then how it went. */
export function layOut(report: Report): ReportDocument {
  const { record, end } = report;
  return {
    title: `Promotion ${record.run}`,
    lead: [
      { text: end, as: toneOfEnd(end) },
      `: ${record.target}, commit ${record.commit.slice(0, 12)} ${record.subjectLine}`,
    ],
    sections: [
      section('promotion', 'What was promoted', layOutPromotion(report)),
      ...(end === 'promoted' ? [] : [section('triage', 'Triage', layOutTriage(report.triage))]),
      ...layOutGates(report),
      ...layOutRemediation(report),
      ...layOutApproval(report),
      ...layOutSteps(report),
      ...layOutWatch(report),
      ...layOutRollback(report),
      ...comeBackOf(report),
      ...layOutPeople(report),
      layOutTimeline(report),
    ],
  };
}

function comeBackOf({ comeBack }: Report): readonly Section[] {
  return comeBack.length === 0
    ? []
    : [
        section('back', 'How service comes back', [
          { kind: 'paragraph', text: BACK_TO_SERVICE },
          { kind: 'commands', lines: comeBack },
        ]),
      ];
}

function section(id: SectionId, title: string, blocks: readonly Block[]): Section {
  const none = blocks.length === 0 ? listOf([item('nothing is known')]) : blocks;
  return { id, title, blocks: none, parts: [] };
}

const BACK_TO_SERVICE =
  'Repair what failed, bring back what was reverted and stopped, and run the whole runbook again: no approval of this run ' +
  'can be used.';
