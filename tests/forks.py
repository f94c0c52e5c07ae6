"""Command lines in processes of their own, to be killed: started at once, for torch is loaded.

python tests/forks.py reads lines of JSON: {"args": […], "signal": 9, "after": 0.2, "limit": bytes}
and answers each with {"status": …, "said": "what was printed"}; "after" is counted from when the
file "changed" is written anew, if one is named. The process that forks computes
nothing itself: torch does not survive a fork after it has.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path


class Forks:
    """The command line in another process: `forks(arguments)` → (exit status, what it printed)."""

    def __init__(self):
        self._server = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __call__(self, *args, **how):
        """With `signal`, `after` and `changed`, or with a `limit` to how large a file may grow."""
        print(json.dumps({"args": [str(a) for a in args], **how}), file=self._server.stdin)
        self._server.stdin.flush()
        answer = json.loads(self._server.stdout.readline())
        return answer["status"], answer["said"]

    def close(self):
        self._server.stdin.close()
        self._server.wait(60)


def _serve():
    import torchvision.datasets.folder  # noqa: F401 - what a run imports on its way

    import seminar.figures  # noqa: F401
    from seminar.__main__ import main

    for line in sys.stdin:
        task = json.loads(line)
        with tempfile.TemporaryFile("w+") as said:
            child = os.fork()
            if not child:
                status = 99
                try:
                    os.dup2(said.fileno(), 1)
                    os.dup2(said.fileno(), 2)
                    os.close(0)
                    if "limit" in task:
                        import resource

                        resource.setrlimit(resource.RLIMIT_FSIZE, (task["limit"], task["limit"]))
                    status = main(task["args"])
                finally:
                    with contextlib.suppress(Exception):
                        sys.stdout.flush()
                        sys.stderr.flush()
                    os._exit(status)
            if "signal" in task:
                _wait(child, **{key: task[key] for key in ("changed", "after") if key in task})
                os.kill(child, task["signal"])
            _, status = os.waitpid(child, 0)
            said.seek(0)
            answer = {"status": os.waitstatus_to_exitcode(status), "said": said.read()}
        print(json.dumps(answer), flush=True)


def _wait(child, changed=None, after=0.0):
    """Until the moment for the signal, or until `child` has ended by itself."""

    def written():
        return Path(changed).stat().st_mtime_ns if Path(changed).exists() else None

    def ended():
        info = os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        return info is not None

    if changed:
        before = written()
        while written() == before and not ended():
            time.sleep(0.001)
    end = time.monotonic() + after
    while time.monotonic() < end and not ended():
        time.sleep(0.001)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _serve()
