"""Sessions, prompt turns, permissions and updates: the room that speaks ACP and runs turns."""
