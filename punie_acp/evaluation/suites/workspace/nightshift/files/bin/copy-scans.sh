#!/bin/sh
# Copy new scans from the scanners' share: copy-scans.sh SOURCE TARGET
set -eu
NIGHTSHIFT_ROOT=$(cd "$(dirname "$0")/.." && pwd)
. "$NIGHTSHIFT_ROOT/lib/common.sh"

source=$1
target=$2
copied=0
mkdir -p "$target"
for file in $(ls "$source"); do
    case $file in
    *.tif | *.tiff)
        if [ ! -e "$target/$file" ]; then
            cp "$source/$file" "$target/$file"
            copied=$((copied + 1))
        fi
        ;;
    esac
done
echo "$copied copied"
