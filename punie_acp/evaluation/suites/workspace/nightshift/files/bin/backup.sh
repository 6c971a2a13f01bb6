#!/bin/sh
# Back up one host: backup.sh HOST TARGET
set -eu
NIGHTSHIFT_ROOT=$(cd "$(dirname "$0")/.." && pwd)
. "$NIGHTSHIFT_ROOT/lib/common.sh"

host=$1
target=$2
address=$(setting hosts.ini "$host" address)
port=$(setting hosts.ini "$host" port)
[ -n "$address" ] || die backup "$host" "no such host" 2

log INFO backup "$host" started
rsync -a --delete -e "ssh -p $port" "backup@$address:/srv/" "$target/$host/" || die backup "$host" "rsync (exit $?)" 3
log INFO backup "$host" finished
