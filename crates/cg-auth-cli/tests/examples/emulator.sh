# Run with: cg-auth emulator -- sh emulator.sh
set -eu
control() { curl --silent --show-error --fail "$@" >/dev/null; }
accepted() { echo "Authorization: Bearer $1" | control -H @- "$CG_AUTH_PROTECTED_URL"; }

token=$(cg-auth token)    # stands for the program that you test
accepted "$token"
control "$CG_AUTH_CONTROL_URL/clock" --data '{"advance_seconds":3600}'
if accepted "$token" 2>/dev/null; then
    echo "the token should have expired" >&2
    exit 1
fi
