#!/usr/bin/env bash
# Buys GitLab Marketplace subscriptions through Temporal's HTTP API, with curl and jq.
#
#   purchase.sh purchase ORDER.json
#   purchase.sh status PARTNER_ID SUBSCRIPTION_ID
#   purchase.sh cancel PARTNER_ID SUBSCRIPTION_ID
set -euo pipefail
shopt -s inherit_errexit
# Where `fail` writes, wherever it is called.
exec 3>&1

workflows="${TEMPORAL_HTTP:-http://localhost:7243}/api/v1/namespaces/${TEMPORAL_NAMESPACE:-default}/workflows"
task_queue=${MARKETPLACE_TASK_QUEUE:-marketplace-purchases}

# The codes of gRPC that the HTTP API has in its errors.
timed_out=4 not_found=5 already_exists=6

# call PATH [CURL OPTION...]: prints the answer. An error is an answer too: { "code", "message" }.
call() {
  local path=$1
  shift
  curl --silent --show-error --max-time 60 --header 'Content-Type: application/json' "$@" "$workflows/$path"
}

# post PATH BODY. The body goes by standard input: nobody reads it in the list of processes.
post() {
  call "$1" --data-binary @- <<<"$2"
}

# The gRPC code in an answer, or nothing when it is no error.
code_in() {
  jq -r '.code // empty' <<<"$1"
}

# As JavaScript's encodeURIComponent. Older versions of jq leave more characters as they are than newer ones.
encoded() {
  jq -rn --arg text "$1" '$text | @uri
    | gsub("%21"; "!") | gsub("%27"; "\u0027") | gsub("%28"; "(") | gsub("%29"; ")") | gsub("%2A"; "*")'
}

# The workflow ID of a purchase as a part of a URL, which encodes it once more.
path_of() {
  encoded "purchase:$(encoded "$1"):$(encoded "$2")"
}

# The trading partner of an order as a fairness key, by which partners take turns. Temporal takes 64 bytes.
fairness_key() {
  jq -c '.tradingPartnerId | until(utf8bytelength <= 64; .[:-1])' <<<"$1"
}

# fail TYPE MESSAGE: one JSON line, and the end.
fail() {
  jq -cn --arg type "$1" --arg message "$2" '{ failure: $type, message: $message }' >&3
  exit 1
}

# Ends with the typed failure in an update's outcome or a run's end, if there is one.
fail_typed() {
  local failure
  failure=$(jq -c 'first(.. | .failure? // empty)' <<<"$1")
  [ -n "$failure" ] || return 0
  fail "$(jq -r '.applicationFailureInfo.type // (if .canceledFailureInfo then "Cancelled" else "Unknown" end)' <<<"$failure")" "$(jq -r .message <<<"$failure")"
}

# Ends when an answer is an error.
fail_on_error() {
  case $(code_in "$1") in
    '') ;;
    "$not_found") fail NotFound 'there is no such purchase, or it has ended' ;;
    "$timed_out") fail NoWorker 'no worker answered in time' ;;
    *) fail Temporal "$(jq -r .message <<<"$1")" ;;
  esac
}

# update PATH NAME ARGUMENT: sends an update and waits for its outcome.
update() {
  post "$1/update/$2" "{
    \"request\": { \"meta\": {}, \"input\": { \"args\": [$3] } },
    \"waitPolicy\": { \"lifecycleStage\": \"UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED\" }
  }"
}

# The order that the latest run buys: the one it was started with, unless it was amended since.
order_of_run() {
  local page token='' events=''
  while :; do
    page=$(call "$1/history?nextPageToken=$(encoded "$token")")
    fail_on_error "$page"
    events+=$(jq -c '.history.events[]' <<<"$page")$'\n'
    token=$(jq -r '.nextPageToken // empty' <<<"$page")
    [ -n "$token" ] || break
  done
  jq -cs 'reduce .[] as $event ({ amendments: {} };
    $event.workflowExecutionUpdateAcceptedEventAttributes.acceptedRequest as $asked
    | $event.workflowExecutionUpdateCompletedEventAttributes as $done
    | if $event.workflowExecutionStartedEventAttributes then
        .order = $event.workflowExecutionStartedEventAttributes.input[0].order
      elif $asked.input.name == "amendOrder" then .amendments[$asked.meta.updateId] = $asked.input.args[0]
      elif $done.outcome.success and .amendments[$done.meta.updateId] then
        .order = .amendments[$done.meta.updateId]
      else . end) | .order' <<<"$events"
}

# Temporal starts a purchase that failed once more, for any order: another one would get the old one's number.
# (A run that is open compares the orders itself.)
refuse_another_order() {
  local path=$1 order=$2 run theirs status
  run=$(call "$path")
  [ "$(code_in "$run")" != "$not_found" ] || return 0
  fail_on_error "$run"
  [ "$(jq -r .workflowExecutionInfo.status <<<"$run")" != WORKFLOW_EXECUTION_STATUS_RUNNING ] || return 0
  theirs=$(order_of_run "$path")
  [ "$(jq -s '.[0] == .[1]' <<<"$order $theirs")" = false ] || return 0
  status=$(post "$path/query/status" '{}')
  fail_on_error "$status"
  # These surely left no order at the portal, so a corrected one may follow.
  jq -e '.queryResult[0] | .cancellation.effect == "not-placed"
    or (.phase == "Failed" and .subscriptionNumber == null
      and (.lastError.type == "InvalidOrder" or .lastError.type == "OrderRejected"))' <<<"$status" >/dev/null ||
    fail OrderConflict 'a purchase with these IDs exists, for another order'
}

# Waits for the end, which may take days, and prints the result.
print_result() {
  local end
  while :; do
    # The server answers after some twenty seconds, with or without the last event.
    end=$(call "$1/history?waitNewEvent=true&historyEventFilterType=HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT")
    fail_on_error "$end"
    case $(jq -r '.history.events[-1]?.eventType // empty' <<<"$end") in
      EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
        jq -c '.history.events[-1].workflowExecutionCompletedEventAttributes.result[0]' <<<"$end"
        return
        ;;
      EVENT_TYPE_WORKFLOW_EXECUTION_FAILED) fail_typed "$end" ;;
      EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED)
        fail Cancelled 'the purchase was cancelled; its status tells whether an order stands'
        ;;
      EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED | EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT)
        fail Stopped 'the purchase was stopped from outside; start it again'
        ;;
    esac
    # Otherwise it still runs, or goes on in a new run of the same workflow ID.
  done
}

# A purchase that ended before: its number and its result, as the first time.
print_finished() {
  local result
  # It may have been under way when the orders were compared.
  refuse_another_order "$1" "$2"
  result=$(print_result "$1")
  jq -c '{ subscriptionNumber }, .' <<<"$result"
}

purchase() {
  local order path started answer placed
  jq -es 'length == 1 and (.[0] | type == "object")' "$1" >/dev/null || fail InvalidOrder "$1 is not one JSON object"
  # As it is written: jq would round large numbers.
  order=$(<"$1")
  jq -e '[.tradingPartnerId, .externalSubscriptionId] | all(type == "string" and . != "")' <<<"$order" >/dev/null ||
    fail InvalidOrder 'the order needs a tradingPartnerId and an externalSubscriptionId'
  path=$(path_of "$(jq -r .tradingPartnerId <<<"$order")" "$(jq -r .externalSubscriptionId <<<"$order")")

  refuse_another_order "$path" "$order"
  started=$(post "$path" "{
    \"workflowType\": { \"name\": \"PurchaseWorkflow\" },
    \"taskQueue\": { \"name\": \"$task_queue\" },
    \"workflowIdReusePolicy\": \"WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY\",
    \"workflowIdConflictPolicy\": \"WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING\",
    \"priority\": { \"fairnessKey\": $(fairness_key "$order") },
    \"input\": [{ \"order\": $order }]
  }")
  # 409: it was completed before.
  if [ "$(code_in "$started")" = "$already_exists" ]; then
    print_finished "$path" "$order"
    return
  fi
  fail_on_error "$started"

  answer=$(update "$path" orderPlaced "{ \"within\": \"10s\", \"order\": $order }")
  # It ended in between.
  if [ "$(code_in "$answer")" = "$not_found" ]; then
    print_finished "$path" "$order"
    return
  fi
  fail_on_error "$answer"
  # A refused update is an HTTP 200 too.
  fail_typed "$answer"
  placed=$(jq -c '.outcome.success[0] // empty' <<<"$answer")
  [ -n "$placed" ] || fail NoWorker 'no worker answered in time; the purchase is started'
  # `actionRequired` says what a person must do, when one must.
  if [ "$(jq -r '.subscriptionNumber // empty' <<<"$placed")" = '' ]; then
    case $(jq -r .phase <<<"$placed") in
      Placing | Confirming | ActionRequired)
        jq -c '{ phase, actionRequired }' <<<"$placed"
        exit 3
        ;;
    esac
  fi
  # An order that exists may have no number yet.
  jq -c '{ subscriptionNumber }' <<<"$placed"
  print_result "$path"
}

status() {
  local answer
  answer=$(post "$(path_of "$1" "$2")/query/status" '{}')
  fail_on_error "$answer"
  jq -c '.queryResult[0]' <<<"$answer"
}

cancel() {
  local answer
  answer=$(update "$(path_of "$1" "$2")" cancelPurchase '{ "reason": "asked for by the customer" }')
  fail_on_error "$answer"
  fail_typed "$answer"
  jq -ce '.outcome.success[0] // empty' <<<"$answer" || fail NoWorker 'no worker answered in time'
}

# Better a refusal than clear text where somebody meant to encrypt.
[ -z "${MARKETPLACE_CODEC_KEYS_FILE:-}${MARKETPLACE_CODEC_KEYS:-}" ] ||
  fail Encrypted 'keys are set, and this script cannot encrypt: use an SDK'

case "${1:-} $#" in
  'purchase 2') purchase "$2" ;;
  'status 3') status "$2" "$3" ;;
  'cancel 3') cancel "$2" "$3" ;;
  *)
    sed -n '2,6s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
