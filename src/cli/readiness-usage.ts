/** The validator's options keep their names, order and defaults; what is ours stands below them. */
export const READINESS_USAGE = `Usage: promote readiness [options]

Run fail-closed operator readiness validation, in place of Tau's operator-readiness-live-check.sh. Asked at the same time:
1) GET /gateway/status
2) GET /cortex/status
3) tau-coding-agent --operator-control-summary --operator-control-summary-json

Options:
  --base-url <url>                     Gateway base URL (default: http://127.0.0.1:8787)
  --auth-mode <token|none>             Auth mode for gateway/cortex endpoints (default: token); also password-session
  --auth-token <token>                 Bearer token (or TAU_OPERATOR_AUTH_TOKEN)
  --expect-gateway-health-state <v>    Expected gateway health_state (default: healthy)
  --expect-cortex-health-state <v>     Expected cortex health_state (default: healthy)
  --expect-operator-health-state <v>   Expected operator summary health_state (default: healthy)
  --expect-gateway-rollout-gate <v>    Expected gateway rollout_gate (default: pass)
  --expect-cortex-rollout-gate <v>     Expected cortex rollout_gate (default: pass)
  --expect-operator-rollout-gate <v>   Expected operator summary rollout_gate (default: pass)
  --expect-rollout-gate <v>            Alias: sets all three rollout expectations
  --timeout-seconds <n>                Time limit of each question (default: 20; 0: a day)
  --quiet                              Suppress informational logs
  --help                               Show this help text

Beside the validator's:
  --auth-password-file <file>          Holds the password of password-session (or TAU_OPERATOR_AUTH_PASSWORD)
  --operator-command <command>         Runs tau-coding-agent (default: it, if on PATH, else cargo run -q -p tau-coding-agent --)
  --working-directory <folder>         Where it runs: Tau's repository root (default: here)
  --evidence <folder>                  New folder for the answers and the verdict
  --json                               One document on stdout, everything else on stderr

Each --name-of-a-setting has a variable, TAU_OPERATOR_NAME_OF_A_SETTING, but --evidence and --expect-rollout-gate, which
have none, and --operator-command, which has TAU_OPERATOR_COMMAND. An option goes before its variable.
Exit codes: 0 ready · 1 not ready, or bad usage
Example:
  $ TAU_OPERATOR_AUTH_TOKEN=… promote readiness --base-url http://127.0.0.1:8787 --expect-rollout-gate pass
`;
