"""Where an external call has its effect: the editor or the local disk and shell."""
