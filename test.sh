#!/usr/bin/env bash
# Restores, builds and runs the tests.
#   ./test.sh        everything a change must pass, within minutes
#   ./test.sh full   the same with long stress and whole matrices
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

mode="${1:-quick}"
case "$mode" in
  quick | full) ;;
  *)
    echo "usage: ./test.sh [full]" >&2
    exit 2
    ;;
esac

if ! command -v dotnet >/dev/null || ! dotnet --list-sdks | grep -q '^10\.'; then
  echo "test.sh needs the .NET SDK 10: https://dotnet.microsoft.com/download" >&2
  exit 1
fi

export BOUNDED_CACHE_TESTS="$mode"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

dotnet build BoundedCache.sln --configuration Release --verbosity quiet
# One module at a time: tests of heap and of concurrency want the machine to themselves.
exec dotnet test --solution BoundedCache.sln --configuration Release --no-build --max-parallel-test-modules 1 --no-progress --no-ansi
