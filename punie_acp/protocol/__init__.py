"""A JSON-RPC peer for ACP: bytes to messages, routing, errors, cancellation. Knows no agent."""
