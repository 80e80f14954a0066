#!/bin/sh
# Makes the namespace TEMPORAL_NAMESPACE unless it is there, and waits until it is served.
# A closed purchase can be looked at for as long as RETENTION says.
set -eu

# within ATTEMPTS COMMAND...: until it succeeds, once in two seconds.
within() {
  attempts=$1
  shift
  until "$@" >/dev/null 2>&1; do
    attempts=$((attempts - 1))
    # The last time it may say what is wrong.
    [ "$attempts" -gt 0 ] || exec "$@"
    sleep 2
  done
}

within 60 temporal operator cluster health
if temporal operator namespace describe >/dev/null 2>&1; then
  echo "namespace $TEMPORAL_NAMESPACE is there"
else
  temporal operator namespace create --retention "$RETENTION"
fi
# A new one is served only after some seconds.
within 60 temporal workflow list --limit 1
