"""The process that loads the judge once and forks the workers, which so share its memory.

`python -m agentaudit_backend.workers.nursery LEVEL FORMAT FOLDER FD…`: how much is logged and how,
the folder of own packs or nothing, one end of a socket pair for each worker. It is a process of its
own, since one with threads must not fork. When a worker dies it ends with all, and the server
starts it anew.
"""

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

from agentaudit_backend.judging import judge_of
from agentaudit_backend.log_lines import set_up_logging
from agentaudit_backend.workers.memory import GARBAGE_OF_A_REQUEST, settle, use_one_heap
from agentaudit_backend.workers.worker import work_for
from agentaudit_processor.pipeline import Judge

READY = b"ready"


def main(level: str, log_format: str, packs_dir: Path | None, descriptors: Sequence[int]) -> None:
    """Fork a worker for each of `descriptors`, and outlive none of them."""
    use_one_heap()
    set_up_logging(level, log_format)
    judge = judge_of(packs_dir)
    judge.speed_up()
    settle(GARBAGE_OF_A_REQUEST)
    children = [_fork(descriptor, descriptors, judge) for descriptor in descriptors]
    for descriptor in descriptors:
        os.close(descriptor)
    with suppress(ChildProcessError):
        os.wait()
    for child in children:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def _fork(descriptor: int, descriptors: Sequence[int], judge: Judge) -> int:
    child = os.fork()
    if child:
        return child
    for other in descriptors:
        if other != descriptor:
            os.close(other)  # else the server would not see the end of another worker
    with Connection(descriptor) as server:
        server.send_bytes(READY)
        with suppress(BrokenPipeError):  # the server has gone
            work_for(server, judge)
    os._exit(0)


if __name__ == "__main__":
    told_level, told_format, told_folder, *told = sys.argv[1:]
    main(
        told_level,
        told_format,
        Path(told_folder) if told_folder else None,
        [int(one) for one in told],
    )
