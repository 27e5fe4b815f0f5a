#!/bin/sh
# Makes the namespace and the search attributes of promotions, and ends when the server knows them: a worker or a start that comes
# before is refused. Running it again changes nothing. `temporal` takes TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE.
#
# RETENTION: how long Temporal keeps a promotion after its end. The evidence is kept by us, for as long as you like.
set -eu
: "${TEMPORAL_NAMESPACE:?the name of the namespace}"
: "${RETENTION:?how long ended promotions are kept, as in 30d}"

attempts=60
again() { # command and arguments; its error is shown when it is given up
  attempt=1
  until output=$("$@" 2>&1); do
    if [ "$attempt" -ge "$attempts" ]; then
      echo "set-up-namespace: given up after $attempts attempts: $*: $output" >&2
      exit 1
    fi
    attempt=$((attempt + 1))
    sleep 2
  done
}

exists() { temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE"; }
made() { exists || temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"; }

again temporal operator cluster health
again made
again temporal operator search-attribute create \
  --name PromotionTarget --type Keyword \
  --name PromotionPhase --type Keyword \
  --name PromotionCommit --type Keyword \
  --name PromotionTrigger --type Keyword \
  --name PromotionRequester --type Keyword \
  --name PromotionDeadline --type Datetime
again temporal workflow count --query 'PromotionPhase = "none" AND PromotionDeadline > "2020-01-01T00:00:00Z"'
echo "set-up-namespace: $TEMPORAL_NAMESPACE is ready"
