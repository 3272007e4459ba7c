"""The log's size has a bound, however long a relay lives."""

import subprocess
import sys
from pathlib import Path

from agentaudit_hook.relay.log_file import MAX_LOG_BYTES

_LOGS = """
import logging, sys
from agentaudit_hook.places import Place
from agentaudit_hook.relay.log_file import log_to_file
log_to_file(Place(name="0", state=sys.argv[1], runtime=sys.argv[1]), logging.INFO)
for number in range(40_000):
    logging.info("%s %d", "x" * 80, number)
"""


def test_an_old_log_makes_room_for_a_new_one(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", _LOGS, str(tmp_path)], check=True)

    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert {"relay.log", "relay.log.1"} == set(sizes)
    assert max(sizes.values()) <= MAX_LOG_BYTES
    assert (tmp_path / "relay.log").read_text().endswith(" 39999\n")
