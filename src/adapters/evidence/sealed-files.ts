/** What is over all other files of a run: the manifest, and the attestations over it. */
export const MANIFEST = 'manifest.json';
/** Made when a run is sealed, before them, from what is there already. */
export const ASSEMBLED = ['journal.jsonl', 'report.md', 'report.html'] as const;
export { ATTESTATIONS_FILE as ATTESTATIONS } from '../attestation/attestations.js';
