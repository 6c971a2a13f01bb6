#!/usr/bin/env bash
# A model that another process serves: vLLM, mlx_lm.server, llama.cpp's server, anything that speaks OpenAI's chat
# completions. Prompts and what programs read then go to that server.
#
#   uv tool install punie-acp --with "pydantic-ai-slim[openai]"     # or pip install, beside punie-acp
#   mlx_lm.server --model mlx-community/Qwen3-Coder-30B-A3B-Instruct-4bit --port 8080
#   examples/other-server.sh mlx-community/Qwen3-Coder-30B-A3B-Instruct-4bit "what to do"
#
# In an editor's settings, the same three go into "env": PUNIE_MODEL, OPENAI_BASE_URL and OPENAI_API_KEY.
set -euo pipefail
examples=$(cd "$(dirname "$0")" && pwd)
punie=$examples/../.venv/bin/punie-acp
[ -x "$punie" ] || punie=punie-acp

export OPENAI_BASE_URL=${OPENAI_BASE_URL:-http://127.0.0.1:8080/v1}
export OPENAI_API_KEY=${OPENAI_API_KEY:-none}
export PUNIE_MODEL=openai-chat:${1:?name of the model at the server}
exec "$punie" ask --mode read-only --cwd "$examples/workspace" "${2:-How many jobs are in data/jobs.csv?}"
