"""The arm `harness`: pydantic-ai-harness's CodeMode, over the same model through an OpenAI-compatible server.

`python -m punie_acp.evaluation.harness` is its agent. It loads the model as the product does, serves it on the loopback
(`model_server.py`), and starts the peer (`peer_agent.py`) with the interpreter of an environment of the peer's own
(`environment.py`), which speaks ACP over the pipes that were this process's.
"""
