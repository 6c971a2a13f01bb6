"""C sources of kernels that MLX lacks on some processors, compiled on the user's machine by `compiled.py`."""
