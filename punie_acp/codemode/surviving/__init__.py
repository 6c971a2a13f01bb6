"""What is kept of a program while it runs, and how another process goes on with it after this one was killed.

At every external call the paused program is dumped, before anything of the call is shown or done. A call that is not
only a read is noted again before it begins and after it has ended, with what it gave. So of each call it is known
whether it had begun and whether it had ended; only where it had begun and not ended must somebody find out (`evidence`)
or be asked.
"""
