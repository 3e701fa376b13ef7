#!/bin/sh
# A token's lifecycle against `cg-auth emulator`, with sh, sed and curl only, as a test suite in any language
# could test it. Usage: scenario.sh CG-AUTH FOLDER
set -eu
cg_auth=$1
cd "$2"

fail() {
    echo "failed: $*" >&2
    exit 1
}

# member NAME: the string or number NAME in the JSON on standard input.
member() {
    sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p"
}

"$cg_auth" emulator --ready-file ready.json 2>requests.log >exports.sh &
emulator=$!
trap 'kill "$emulator" 2>/dev/null || true' EXIT
tries=0
until [ -s ready.json ]; do
    tries=$((tries + 1))
    [ "$tries" -le 100 ] || fail "the emulator is not ready"
    sleep 0.1
done
base=$(member base_url <ready.json)
control=$(member control_url <ready.json)
protected=$(member protected_url <ready.json)
user=$(member user_principal_name <ready.json)
secret=$(member client_secret <ready.json)

# status METHOD URL [CURL ARGUMENT…]: the status of the answer, whose body is in answer.json. The headers come
# from standard input, so that no secret is an argument.
status() {
    method=$1 url=$2
    shift 2
    curl --silent --show-error --max-time 10 --request "$method" --header @- --output answer.json \
        --write-out '%{http_code}' "$@" "$url"
}

# expect CODE STEP STATUS: fails unless STATUS is CODE.
expect() {
    [ "$3" = "$1" ] || fail "$2: $3 instead of $1: $(cat answer.json)"
    echo "$1 $2"
}

delegate() {
    printf '{"clientSecret":"%s","userPrincipalName":"%s"}' "$secret" "$user" >credential.json
    printf 'clientSecret: %s\nuserPrincipalName: %s\ncontent-type: application/json\n' "$secret" "$user" |
        status POST "$base/auth/token/delegate" --data @credential.json
}

call() {
    printf 'Authorization: Bearer %s\n' "$token" | status GET "$protected"
}

control() {
    method=$1 path=$2
    shift 2
    status "$method" "$control$path" "$@" </dev/null
}

expect 200 "health" "$(control GET /health)"
expect 200 "a token" "$(delegate)"
token=$(member access_token <answer.json)
refresh_token=$(member refresh_token <answer.json)
expect 200 "the token is accepted" "$(call)"

expect 200 "two hours pass" "$(control POST /clock --data '{"advance_seconds":7200}')"
expect 401 "the token has expired" "$(call)"
expect 200 "a new token for the refresh token" "$(
    printf 'refresh_token: %s\nclientSecret: %s\nuserPrincipalName: %s\n' "$refresh_token" "$secret" "$user" |
        status POST "$base/auth/token/refresh" --data ''
)"
token=$(member access_token <answer.json)
expect 200 "the new token is accepted" "$(call)"

script='{"operation":"get_delegate_access_token","times":1,"refuse":{"status":503,"retry_after_seconds":5}}'
expect 201 "a fault is scripted" "$(control POST /scripts --data "$script")"
expect 503 "the service is busy" "$(delegate)"
expect 200 "the service answers again" "$(delegate)"

# The command itself, with the export lines of the emulator.
. ./exports.sh
export CG_AUTH_BASE_URL CG_AUTH_USER_PRINCIPAL_NAME CG_AUTH_CLIENT_SECRET
[ "$("$cg_auth" token --format header | status GET "$protected")" = 200 ] || fail "cg-auth token"
echo "200 cg-auth token --format header"

expect 200 "the requests are recorded" "$(control GET /requests)"
grep -q '"get_delegate_access_token"' answer.json || fail "a request is missing"
! grep -qF "$secret" answer.json || fail "a secret was recorded"
case $(control POST /reset) in 2??) echo "2xx the emulator is reset" ;; *) fail "reset" ;; esac

kill -TERM "$emulator"
wait "$emulator" || fail "the emulator did not stop gracefully: $?"
[ ! -e ready.json ] || fail "the ready file is still there"
grep -q 'POST   /auth/token/delegate' requests.log || fail "the request log is empty"
! grep -qF "$secret" requests.log || fail "a secret was logged"
echo "done"
