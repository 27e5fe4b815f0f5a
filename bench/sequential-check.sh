#!/usr/bin/env bash
# What a check of the three surfaces costs that asks them one after the other: two requests, one command, nine looks with jq.
# It is what `npm run bench -- readiness` measures `promote readiness` against; it checks nothing else.
set -euo pipefail

base_url=$1
token=$2
expected='healthy pass'

fetch() {
  curl -sS --fail-with-body --max-time 20 -H "Authorization: Bearer ${token}" "${base_url}$1"
}

# value FILTER, of the answer that came last
value() {
  printf '%s' "${answer}" | jq -r "$1"
}

require() {
  local name=$1 health=$2 gate=$3 reason=$4
  if [[ -z "${reason}" || "${health} ${gate}" != "${expected}" ]]; then
    echo "error: ${name}: '${health}' '${gate}' '${reason}'" >&2
    exit 1
  fi
  lines+=("${name}_health_state=${health}" "${name}_rollout_gate=${gate}" "${name}_reason=${reason}")
}

lines=()
answer=$(fetch /gateway/status)
health=$(value '.health_state // .events.health_state // ""')
gate=$(value '.rollout_gate // .service.rollout_gate // ""')
reason=$(value '.rollout_reason_code // .reason_code // .service.rollout_reason_code // ""')
require gateway "${health}" "${gate}" "${reason}"

answer=$(fetch /cortex/status)
health=$(value '.health_state // ""')
gate=$(value '.rollout_gate // ""')
reason=$(value '.reason_code // ""')
require cortex "${health}" "${gate}" "${reason}"

answer=$(tau-coding-agent --operator-control-summary --operator-control-summary-json)
health=$(value '.health_state // ""')
gate=$(value '.rollout_gate // ""')
reason=$(value '(.reason_codes // []) | join(",")')
require operator "${health}" "${gate}" "${reason}"

printf '%s\n' "${lines[@]}" 'status=pass'
