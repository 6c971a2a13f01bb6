"""Stands in for an agent: `tee.py FOLDER COMMAND…` runs it and keeps each line of both directions in a file of FOLDER.

A client that someone else wrote starts its agents itself. Each gets a file `<pid>.wire`, where a line begins with
"> " if the client wrote it and with "< " if the agent did, and a file `<pid>.stderr`. A line is kept before it is
passed on, so that no answer stands before its question. Only the standard library is used.
"""

import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path


def _pass_on(source, target, log, mark):
    for line in source:
        log.write(mark + line if line.endswith(b"\n") else mark + line + b"\n")
        try:
            target.write(line)
            target.flush()
        except BrokenPipeError:
            break
    with suppress(BrokenPipeError):
        target.close()


def main(folder, *command):
    name = Path(folder) / str(os.getpid())
    with name.with_suffix(".wire").open("ab", 0) as log, name.with_suffix(".stderr").open("ab") as errors:
        agent = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)
        up = threading.Thread(target=_pass_on, args=(sys.stdin.buffer, agent.stdin, log, b"> "), daemon=True)
        up.start()
        _pass_on(agent.stdout, sys.stdout.buffer, log, b"< ")
        code = agent.wait()
        log.write(b"= %d\n" % code)
    os._exit(code)  # the other thread may wait for a line that never comes


if __name__ == "__main__":
    main(*sys.argv[1:])
