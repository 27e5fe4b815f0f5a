/** What is over all other files of a run: the manifest, and the attestations over it. */
export const MANIFEST = 'manifest.json';
export { ATTESTATIONS_FILE as ATTESTATIONS } from '../attestation/attestations.js';
