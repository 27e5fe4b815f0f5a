import { told } from './entry.js';

const LOG = "see the worker's log";
const STORE = 'repair the evidence store: the promotion waits for it';
const WRITTEN = 'correct the text that the detail names';
const SECRET = 'change the secret';

/** What goes wrong in our own machinery: never said of the system, and never a pass. */
export const MACHINERY_CODES = {
  journal_fork: told(
    'another history of this run has written to its journal (a workflow reset)',
    'start again',
  ),
  evidence_conflict: told('other evidence stands under the name already', 'find out who else writes there'),
  evidence_full: told('the evidence store is full', STORE),
  evidence_unavailable: told('the evidence store is out of reach or refuses us', STORE),
  not_regular: told('a link or device stands where evidence should', 'find out who else writes there'),
  outside_root: told('a link leads out of the evidence folder', 'find out who else writes there'),
  bad_name: told('not a name for a run or a file', LOG),
  invalid_runbook: told('the runbook is not valid', '`promote runbook check` says where'),
  invalid_settings: told('the settings are not valid', 'correct the settings'),
  missing_variable: told('a variable of the runbook has no value', 'set it on the worker'),
  unknown_commit: told('the commit is not known', 'give the full hash of one that is pushed'),
  bad_target: told('not a name for a target, or none of these settings', 'correct the name or the settings'),
  bad_usage: told('the command line is wrong', '`--help` says how it is used'),
  secret_too_short: told('a secret is too short to be kept out of texts', SECRET),
  secret_is_a_contract_word: told('a secret is a word that answers are made of', SECRET),
  bad_secret_name: told('not a name for a secret', 'rename the variable'),
  lone_surrogate: told('a text is not well-formed', WRITTEN),
  hidden_character: told('a text has a character that hides or reorders others', WRITTEN),
  not_an_integer: told('a number is not whole', WRITTEN),
  not_plain_data: told('a value is no plain data', LOG),
  too_deep: told('a value is nested too deep', WRITTEN),
  not_json: told('not JSON', WRITTEN),
  not_canonical: told('not the canonical spelling', WRITTEN),
  malformed_statement: told(
    'a decision or an order is not of its form',
    'send it with this version of promote',
  ),
  attestation_malformed: told('an attestation is not of its form', LOG),
  attestation_wrong_type: told('an attestation is of a kind that a run does not have', LOG),
  key_not_regular: told('the key that signs evidence, or its folder, is a link or a device', 'put it right'),
  key_foreign_owner: told('the key that signs evidence belongs to somebody else', 'put it right'),
  key_not_private: told('others may read the key that signs evidence', 'make it 0600, its folder 0700'),
  key_other_type: told('the key that signs evidence is no Ed25519 key in PKCS#8', 'put it right'),
  key_unavailable: told('the key that signs evidence could not be read or made', 'see the data folder'),
  not_in_workflow: told('an activity was called by something that is no workflow', 'find out who called it'),
  activity_timeout: told('a worker did not answer in time', 'see whether workers run on every queue'),
  rollback_not_started: told(
    'the rollback of a terminated promotion could not be started',
    "see the worker's log",
  ),
  temporal_unreachable: told(
    'Temporal could not be asked for promotions that were terminated',
    'see the server',
  ),
  internal_error: told('a bug of promote', LOG),
} as const;
