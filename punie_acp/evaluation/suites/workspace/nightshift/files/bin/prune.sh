#!/bin/sh
# Delete files older than the days that config/retention.ini keeps: prune.sh KIND FOLDER
set -eu
NIGHTSHIFT_ROOT=$(cd "$(dirname "$0")/.." && pwd)
. "$NIGHTSHIFT_ROOT/lib/common.sh"

kind=$1
folder=$2
days=$(setting retention.ini keep "$kind")
[ -n "$days" ] || die prune local "nothing is known of $kind" 2
find "$folder" -type f -mtime "+$days" -print -delete
