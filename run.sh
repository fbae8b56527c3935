#!/usr/bin/env bash
# Restores, builds and starts the sample shop, and prints its address. Ctrl-C stops it.
#   PORT=8080 ./run.sh                                 another port than 5080
#   ./run.sh --Catalogue:MaxConnectionsPerServer 5     arguments go to the sample; appsettings.json names what it knows
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

port="${PORT:-5080}"
if ! [[ "$port" =~ ^[0-9]{1,5}$ ]] || ((10#$port > 65535)); then
  echo "PORT is '$port'; it must be a number from 0 to 65535 (0: any free port)." >&2
  exit 2
fi

if ! command -v dotnet >/dev/null; then
  echo "The .NET SDK 10 is needed and 'dotnet' was not found. Get it from https://dotnet.microsoft.com/download/dotnet/10.0" >&2
  exit 1
fi
if ! version=$(dotnet --version 2>/dev/null) || [[ "$version" != 10.* ]]; then
  echo "The .NET SDK 10 is needed and was not found (global.json asks for 10.0.100 or a later 10.x; see 'dotnet --list-sdks'). Get it from https://dotnet.microsoft.com/download/dotnet/10.0" >&2
  exit 1
fi

sample=samples/WebSample
echo "Restoring and building $sample ..."
dotnet restore "$sample" --verbosity quiet
dotnet build "$sample" --configuration Release --no-restore --verbosity quiet --nologo

# Port 0 needs an address, not a name, to bind to.
host=localhost
((10#$port == 0)) && host=127.0.0.1
# The cache's page at /cache is open to anybody in Development only.
export ASPNETCORE_ENVIRONMENT="${ASPNETCORE_ENVIRONMENT:-Development}"
exec dotnet "$sample/bin/Release/net10.0/WebSample.dll" --contentRoot "$PWD/$sample" --urls "http://$host:$port" "$@"
