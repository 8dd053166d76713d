"""As serve.ts: the contestant's side of `processEntrant`, in a process of its own."""

import json
import os
import resource
import sys

REPLIES = None


def options():
    """What the contestant is given, on its command line. Started anew under the allocator that "preload" names."""
    global REPLIES
    given = json.loads(sys.argv[1])
    preload = given.get("preload")
    if preload and os.environ.get("LD_PRELOAD") != preload:
        os.environ["LD_PRELOAD"] = preload
        os.execv(sys.executable, [sys.executable, *sys.argv])
    REPLIES = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print
    return given


def serve(repeat):
    """Says that it is ready, then repeats the work for each line that comes, until the input ends."""
    print("ready", file=REPLIES, flush=True)
    for _ in sys.stdin:
        figures = repeat()
        print(json.dumps({"figures": figures, "peakBytes": peak_bytes()}), file=REPLIES, flush=True)


def peak_bytes():
    """The most memory that was resident."""
    try:
        with open("/proc/self/status") as status:
            return next(1024 * int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    except OSError:  # macOS, which counts in bytes
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
