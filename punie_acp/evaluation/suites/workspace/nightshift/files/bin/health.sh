#!/bin/sh
# Say how full a folder's disk is: health.sh FOLDER [LIMIT]
set -eu
NIGHTSHIFT_ROOT=$(cd "$(dirname "$0")/.." && pwd)
. "$NIGHTSHIFT_ROOT/lib/common.sh"

folder=$1
limit=${2:-85} # per cent
used=$(df -P "$folder" | awk 'NR == 2 { sub("%", "", $5); print $5 }')
# TODO: inodes as well
if [ "$used" -gt "$limit" ]; then
    log WARNING health local "disk at $used %"
    exit 1
fi
log INFO health local "disk at $used %"
