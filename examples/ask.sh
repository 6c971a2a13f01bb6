#!/usr/bin/env bash
# One turn in the terminal, without an editor. Works on a copy of workspace/, and asks before it changes anything there.
# examples/ask.sh ["what to do"]
set -euo pipefail
examples=$(cd "$(dirname "$0")" && pwd)
punie=$examples/../.venv/bin/punie-acp
[ -x "$punie" ] || punie=punie-acp

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp -R "$examples/workspace/." "$folder"
"$punie" ask --cwd "$folder" "${1:-Which customer had the most jobs in data/jobs.csv, and how many?}"
