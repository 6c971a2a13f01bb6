#!/usr/bin/env bash
# The same turn as JSON lines, for another program to read: here, a list of the external calls and how each ended.
# examples/ask-json.sh ["what to do"]
set -euo pipefail
examples=$(cd "$(dirname "$0")" && pwd)
bin=$examples/../.venv/bin
[ -x "$bin/punie-acp" ] && PATH=$bin:$PATH

read -r -d '' report <<'PYTHON' || true
import json, sys

calls = {}
for update in map(json.loads, sys.stdin):
    if "toolCallId" in update:
        calls.setdefault(update["toolCallId"], {}).update(update)
    elif "stopReason" in update:
        print("stop reason:", update["stopReason"])
for call in calls.values():
    if "punie.dev/call" in call.get("_meta", {}):
        print(call["status"], call["_meta"]["punie.dev/call"]["type"], call["title"])
PYTHON
punie-acp ask --json --mode read-only --cwd "$examples/workspace" "${1:-How many jobs are in data/jobs.csv?}" |
  python3 -c "$report"
