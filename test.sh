#!/usr/bin/env bash
# Restores, builds and runs the tests.
#   ./test.sh        everything a change must pass, within minutes
#   ./test.sh full   the same with long stress and whole matrices, the page in a browser case by case, Prometheus, and
#                    the packages compiled to native code
#   ./test.sh soak [minutes]   random load of every kind, 30 minutes unless told otherwise, and nothing else; prints how
#                              it goes. BOUNDED_CACHE_SOAK_SEED repeats the operations of an earlier one.
#   ./test.sh coverage            which share of src the tests run, by folder, and what they don't
#   ./test.sh mutation [file...]  breaks the core line by line, and tells what no test noticed; of the whole core it takes
#                                 hours. Files are patterns such as Storage/Shard.cs
# Chromium and redis-server are installed where there is none (BOUNDED_CACHE_CHROMIUM names another Chromium), and
# Prometheus and a linker by "full".
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

mode="${1:-quick}"
case "$mode" in
  quick | full | coverage | mutation) ;;
  soak)
    minutes="${2:-30}"
    if ! [[ "$minutes" =~ ^[0-9]+(\.[0-9]+)?$ ]]; then
      echo "usage: ./test.sh soak [minutes]   ('$minutes' is no number of minutes)" >&2
      exit 2
    fi
    ;;
  *)
    echo "usage: ./test.sh [full | soak [minutes] | coverage | mutation [file...]]" >&2
    exit 2
    ;;
esac

if ! command -v dotnet >/dev/null; then
  echo "The .NET SDK 10 is needed and 'dotnet' was not found. Get it from https://dotnet.microsoft.com/download/dotnet/10.0" >&2
  exit 1
fi
if ! version=$(dotnet --version 2>/dev/null) || [[ "$version" != 10.* ]]; then
  echo "The .NET SDK 10 is needed and was not found (global.json asks for 10.0.100 or a later 10.x; see 'dotnet --list-sdks'). Get it from https://dotnet.microsoft.com/download/dotnet/10.0" >&2
  exit 1
fi

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

if [[ "$mode" == soak ]]; then
  export BOUNDED_CACHE_SOAK_MINUTES="$minutes"
  project=tests/BoundedDistributedCache.Stress.Tests
  dotnet build "$project" --configuration Release --verbosity quiet
  exec dotnet run --project "$project" --configuration Release --no-build -- -noColor -class BoundedCache.Stress.Tests.Soak.SoakTests
fi

if [[ "$mode" == coverage ]]; then
  reports="$PWD/TestResults/coverage"
  rm -rf "$reports"
  for tests in tests/BoundedDistributedCache{,.AspNetCore,.Hybrid}.Tests; do
    dotnet build "$tests" --configuration Debug --verbosity quiet -p:RunAnalyzers=false
    # What a test measures while every line is counted is not what it is about: that one fails does no harm here.
    dotnet test --project "$tests" --configuration Debug --no-build --no-progress --no-ansi \
      --results-directory "$reports/$(basename "$tests")" --coverlet --coverlet-output-format json \
      --coverlet-include "[BoundedDistributedCache*]*" --coverlet-exclude "[*.Tests]*" || true
  done
  exec dotnet run tools/coverage.cs -- "$reports"
fi

if [[ "$mode" == mutation ]]; then
  dotnet tool restore >/dev/null
  only=()
  for file in "${@:2}"; do only+=(--mutate "**/$file"); done
  output="$PWD/TestResults/mutation"
  rm -rf "$output"
  (cd tests/BoundedDistributedCache.Tests && Mutation=true RunAnalyzers=false nice -n 19 dotnet stryker --output "$output" "${only[@]}")
  exec dotnet run tools/mutation.cs -- "$output/reports/mutation-report.json"
fi

install() {
  if ! command -v apt-get >/dev/null; then
    echo "The tests need $*, which was not found and can't be installed here without apt-get. Install it." >&2
    exit 1
  fi
  echo "Installing $* ..."
  local root=()
  ((EUID == 0)) || root=(sudo)
  export DEBIAN_FRONTEND=noninteractive
  "${root[@]}" apt-get update -qq
  "${root[@]}" apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

if [[ -z "${BOUNDED_CACHE_CHROMIUM:-}" ]] && ! command -v chromium chromium-browser google-chrome google-chrome-stable >/dev/null; then
  install chromium
fi
if ! command -v redis-server >/dev/null || ! command -v redis-cli >/dev/null; then
  install redis-server
fi
if [[ "$mode" == full ]]; then
  if ! command -v prometheus >/dev/null || ! command -v promtool >/dev/null; then
    install prometheus
  fi
  # What native code is linked with.
  if ! command -v clang gcc >/dev/null; then
    install clang zlib1g-dev
  fi
fi

export BOUNDED_CACHE_TESTS="$mode"

dotnet build BoundedCache.sln --configuration Release --verbosity quiet
# One module at a time: tests of heap and of concurrency want the machine to themselves.
if [[ "$mode" == quick ]]; then
  exec dotnet test --solution BoundedCache.sln --configuration Release --no-build --max-parallel-test-modules 1 --no-progress --no-ansi --filter-not-trait Run=full
fi

# But for those that mostly wait, for servers, browsers, compilers and other processes, or run one thread at a time. Two
# summaries, then.
together=() alone=()
for project in tests/*.Tests; do
  module="$project/bin/Release/net10.0/$(basename "$project").dll"
  case "$project" in
    *.Redis.* | *.Browser.* | *.Interleaving.* | *.Packages.* | *.Benchmarks.* | *.AspNetCore.* | *.Hybrid.* | */WebSample.*) together+=("$module") ;;
    *) alone+=("$module") ;;
  esac
done
test_modules() {
  local IFS=';'
  dotnet test --test-modules "${*:2}" --max-parallel-test-modules "$1" --no-progress --no-ansi
}
status=0
test_modules 2 "${together[@]}" || status=$?
test_modules 1 "${alone[@]}" || status=$?
exit "$status"
