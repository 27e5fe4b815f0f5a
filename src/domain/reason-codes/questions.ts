import { repairable, told } from './entry.js';

const QUESTION = 'correct the address or the credentials in the variables or the runbook, then start again';
const COMMAND = "correct the runbook's command or its variables, then start again";
const LOOK = 'look at what runs there, and at its log';

/** Why a question by HTTP brought no answer. A misconfigured question is asked no better by repairing the system. */
export const HTTP_CODES = {
  http_refused: repairable('nothing listens at the address', 'start the service, or correct the address'),
  http_no_route: repairable('the host can not be reached from here', 'repair the network, or the address'),
  http_unknown_host: repairable('the name of the host is not known', 'repair name service, or the address'),
  http_cut: repairable('the connection was cut before the answer was whole', LOOK),
  http_timeout: repairable('no whole answer came within the deadline', LOOK),
  http_failed: repairable('the connection failed in a way that has no name here', LOOK),
  http_rate_limited: repairable(
    'the service answered 429: it is asked too often',
    'ask it less often: lengthen the interval, or find who else asks',
  ),
  http_status_408: repairable('the service gave the request up (408)', LOOK),
  http_status_425: repairable('the service does not take the request yet (425)', LOOK),
  http_status_2xx: told('the service answered that all is well', ''),
  http_status_5xx: repairable('the service answered that it failed', LOOK),
  http_status_401: told('the service does not take the credentials', 'correct the token, then start again'),
  http_status_403: told('the credentials may not ask this', 'give them the right to, then start again'),
  http_status_404: told('nothing is at that path', QUESTION),
  http_status_4xx: told('the service says that the question is wrong', QUESTION),
  http_status_other: repairable('a status that HTTP does not know as an answer', LOOK),
  http_redirect: told('the service sends elsewhere, which is never followed', QUESTION),
  http_bad_url: told('the address is no http or https URL', QUESTION),
  http_userinfo: told('the address has a user or password in it', QUESTION),
  http_bad_host: told('the address is, or leads to, a link-local one', QUESTION),
  http_origin_not_allowed: told("the address has another origin than the runbook's", QUESTION),
  http_bad_request: told('the request could not be written', QUESTION),
  http_too_large: repairable('the answer is larger than is read', LOOK),
  http_encoded: repairable('the answer is compressed, which was not asked for', 'turn compression off there'),
  http_not_http: repairable('what answers there does not speak HTTP', LOOK),
  http_headers_too_large: repairable('the headers of the answer are larger than is read', LOOK),
  ca_unusable: told("the file of the runbook's `ca` can't be read, or holds no certificate", QUESTION),
  session_token_missing: repairable(
    "the session's answer has no token that could be sent and redacted",
    LOOK,
  ),
  commit_not_named: told(
    'the question is about the commit that is promoted, and there is none',
    'name one, as validate --commit does',
  ),
  'tls_*': told(
    'the certificate or the handshake does not check',
    'correct the certificate, or what this host trusts, then start again',
  ),
} as const;

/** Why an answer that came is none, whoever gave it. */
export const ANSWER_CODES = {
  answer_empty: repairable('the answer is empty', LOOK),
  answer_too_large: repairable('the answer is larger than is read', LOOK),
  answer_not_utf8: repairable('the answer is not UTF-8', LOOK),
  answer_too_deep: repairable('the answer is nested deeper than is read', LOOK),
  answer_not_json: repairable('the answer is not JSON', LOOK),
  answer_outside_contract: repairable(
    'a field of the answer is not what the contract says',
    'see which in the detail: the system is another version, or something else answers',
  ),
  no_answer: repairable('a part of the same round has no answer on record', 'see what that part says'),
  no_question: told('the gate or step asks nothing', COMMAND),
  no_reader: told('the gate names no reader for its answer', COMMAND),
} as const;

/** What the readers of any system's answers say (docs/reference/runbook.md, "Readers"). */
export const READER_CODES = {
  health_healthy: told('the answer says a health that means healthy', ''),
  health_degraded: repairable('the answer says a health that means degraded', LOOK),
  health_failing: repairable('the answer says a health that means failing', LOOK),
  health_unknown: repairable('the answer says a health that means unknown', LOOK),
  health_no_data: repairable(
    'the answer has no health where the runbook looks',
    'see the answer in the evidence',
  ),
  gate_no_data: repairable(
    'the answer has no gate where the runbook looks',
    'see the answer in the evidence',
  ),
  'exit_code_*': repairable('the command answered by its exit code', 'see what it printed'),
  exit_code_without_meaning: told('the command ended with 0, to which the runbook gives no meaning', COMMAND),
  no_http_status: repairable('the answer has no status of success', LOOK),
} as const;

/** Why a command brought no answer. */
export const COMMAND_CODES = {
  command_failed: repairable(
    'the command ended with an error or was killed',
    'see what it printed to stderr',
  ),
  command_timeout: repairable('the command was still running at its deadline, and was killed', LOOK),
  command_no_output: repairable('the command ended well and printed nothing', LOOK),
  command_output_too_large: repairable('the command printed more than is read, and was killed', LOOK),
  command_usage: told('the command says that it is used wrongly (exit 2)', COMMAND),
  command_not_found: told('the program, or the interpreter that it names, is not there', COMMAND),
  command_not_executable: told('the program may not be executed', COMMAND),
  command_bad_argument: told('the system refused its arguments or environment', COMMAND),
  command_environment_refused: told('the runbook passes on a variable that is never passed on', COMMAND),
  working_directory_missing: told('the working directory is not there', COMMAND),
} as const;
