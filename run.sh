#!/usr/bin/env bash
# Restores, builds and starts the sample shop, and prints its address. Ctrl-C stops it.
#   PORT=8080 ./run.sh                                 another port than 5080
#   ./run.sh --redis [address]                         two nodes on one Redis, the second on the next port; without an
#                                                      address on a redis-server of their own, installed where missing
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

redis=
two_nodes=false
passed_on=()
while (($#)); do
  if [[ "$1" == --redis ]]; then
    two_nodes=true
    if (($# > 1)) && [[ "$2" != -* ]]; then
      redis="$2"
      shift
    fi
  else
    passed_on+=("$1")
  fi
  shift
done
if $two_nodes && ((10#$port == 65535)); then
  echo "PORT is '$port'; the second node needs the next one." >&2
  exit 2
fi

is_open() {
  (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null
}
ports=($((10#$port)))
! $two_nodes || ports+=($((10#$port + 1)))
if ((10#$port != 0)); then
  for taken in "${ports[@]}"; do
    if is_open localhost "$taken"; then
      echo "Port $taken is taken. PORT=8080 $0 uses another." >&2
      exit 1
    fi
  done
fi

# As the client reads it: endpoints and options, between commas.
answers() {
  local part host at
  local -a parts
  IFS=, read -ra parts <<<"$1"
  for part in "${parts[@]}"; do
    case "$part" in
      *=*) continue ;;
      '!'*) return 0 ;; # a socket in the file system
      '['*) host="${part%]*}" host="${host#[}" at="${part##*]}" ;;
      *) host="${part%%:*}" at="${part#"$host"}" ;;
    esac
    at="${at#:}"
    if is_open "$host" "${at:-6379}"; then return 0; fi
  done
  return 1
}
if [[ -n "$redis" ]] && ! answers "$redis"; then
  echo "Nobody listens at ${redis%%,*}. Start Redis there, or leave the address out: then $0 --redis starts one." >&2
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
node() {
  local url="$1"
  shift
  exec dotnet "$sample/bin/Release/net10.0/WebSample.dll" --contentRoot "$PWD/$sample" --urls "$url" "$@" "${passed_on[@]}"
}

if ! $two_nodes; then
  node "http://$host:$port"
fi

free_port() {
  local candidate
  # Below the ports that outgoing connections are given.
  while candidate=$((20000 + RANDOM % 12000)); is_open 127.0.0.1 "$candidate"; do :; done
  echo "$candidate"
}

# Each in a process group of its own, so that Ctrl-C reaches this script alone, which then ends the nodes before Redis.
set -m
nodes=()
server=
data=
close() {
  trap - EXIT
  trap '' INT TERM HUP
  if ((${#nodes[@]})); then
    kill "${nodes[@]}" 2>/dev/null || true
    wait "${nodes[@]}" 2>/dev/null || true
  fi
  if [[ -n "$server" ]]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  [[ -z "$data" ]] || rm -rf "$data"
}
trap close EXIT
trap 'exit 0' INT TERM HUP

if [[ -z "$redis" ]]; then
  if ! command -v redis-server >/dev/null; then
    if ! command -v apt-get >/dev/null; then
      echo "redis-server is needed, was not found, and can't be installed here without apt-get. Install it, or give an address: ./run.sh --redis localhost:6379" >&2
      exit 1
    fi
    echo "Installing redis-server ..."
    root=()
    ((EUID == 0)) || root=(sudo)
    export DEBIAN_FRONTEND=noninteractive
    "${root[@]}" apt-get update -qq
    "${root[@]}" apt-get install -y -qq --no-install-recommends redis-server >/dev/null
  fi
  redis_port=$(free_port)
  data=$(mktemp -d)
  redis-server --port "$redis_port" --bind 127.0.0.1 --save "" --dir "$data" --daemonize no >"$data/log" &
  server=$!
  until is_open 127.0.0.1 "$redis_port"; do
    if ! kill -0 "$server" 2>/dev/null; then
      cat "$data/log" >&2
      exit 1
    fi
    sleep 0.1
  done
  redis="127.0.0.1:$redis_port"
fi
echo "Two nodes share the Redis at ${redis%%,*}."

# The first node has the upstream that both ask, and makes the keys of cookies if Redis has none yet: the second waits.
upstream_port=$(free_port)
node "http://$host:$port" --Redis "$redis" --Upstream:Port "$upstream_port" &
nodes+=($!)
until is_open 127.0.0.1 "$upstream_port"; do
  kill -0 "${nodes[0]}" 2>/dev/null || exit 1
  sleep 0.1
done
second=$((10#$port == 0 ? 0 : 10#$port + 1))
node "http://$host:$second" --Redis "$redis" --Upstream:Address "http://127.0.0.1:$upstream_port" &
nodes+=($!)

# What is left goes on, as it would elsewhere.
while ((${#nodes[@]})); do
  wait -n "${nodes[@]}" $server || true
  left=()
  for process in "${nodes[@]}"; do
    if kill -0 "$process" 2>/dev/null; then
      left+=("$process")
    else
      echo "A node has ended (process $process)." >&2
    fi
  done
  nodes=(${left[@]+"${left[@]}"})
  if [[ -n "$server" ]] && ! kill -0 "$server" 2>/dev/null; then
    echo "redis-server has ended; the nodes go on without it. Another that listens at $redis takes its place: redis-server --port $redis_port" >&2
    server=
  fi
done
exit 1
