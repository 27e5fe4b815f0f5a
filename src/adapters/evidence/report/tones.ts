import type { Span } from './document.js';

type Tone = 'good' | 'bad' | 'doubtful';

/** How an end, a verdict or a grade is to be taken, for the eye; the word itself is always there. */
const TONES: Readonly<Record<string, Tone>> = {
  promoted: 'good',
  approved: 'good',
  approve: 'good',
  pass: 'good',
  done: 'good',
  hold: 'bad',
  failing: 'bad',
  rejected: 'bad',
  reject: 'bad',
  'rolled-back': 'bad',
  'rollback-acknowledged': 'bad',
};

export function toneOfEnd(word: string): Tone {
  return TONES[word] ?? 'doubtful';
}

export function toned(word: string): Span {
  return { text: word, as: toneOfEnd(word) };
}
