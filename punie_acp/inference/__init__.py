"""In-process MLX: tokenizer, engine thread, KV cache, sampling, tool-call dialects; a pydantic-ai Model."""
