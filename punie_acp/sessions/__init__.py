"""`punie-acp sessions`: the conversations that were kept, listed, shown, exported and deleted."""
