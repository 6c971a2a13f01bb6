"""ACP over WebSocket and HTTP, as the SDK's clients speak it: `punie-acp serve`. Off unless it is started so.

Endpoints, headers and framing are those of agent-client-protocol 0.12 (`acp.http`, `acp.ws`): one endpoint `/acp`; a
WebSocket carries one message a text frame; over HTTP the client posts messages, is answered `initialize` at once, and
gets everything else from event streams, one for the connection and one for each session.
"""
