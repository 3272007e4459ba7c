"""A throw-away Kafka: one broker in KRaft mode on loopback, from its Maven artefacts."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.collector import free_ports
from tests.support.requirements import need

_START_S = 120
_CLUSTER = "4L6g3nShT-eMCtK--X86sw"
_SETTINGS = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker}
controller.listener.names=CONTROLLER
log.dirs={folder}/log
num.partitions=4
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
message.max.bytes=16777216
auto.create.topics.enable=false
"""


@contextmanager
def a_kafka(folder: Path, topics: Sequence[str]) -> Iterator[str]:
    """Give the address of a broker that has `topics`, of four partitions each."""
    folder.mkdir(parents=True, exist_ok=True)
    broker, controller = free_ports(2)
    settings = folder / "server.properties"
    settings.write_text(_SETTINGS.format(broker=broker, controller=controller, folder=folder))
    _done("kafka.tools.StorageTool", "format", "-t", _CLUSTER, "-c", str(settings))
    with (folder / "kafka.log").open("wb") as out:
        process = subprocess.Popen(_java("kafka.Kafka", str(settings)), stdout=out, stderr=out)
    try:
        _wait_for(broker, process)
        address = f"127.0.0.1:{broker}"
        for topic in topics:
            words = ("--create", "--topic", topic, "--bootstrap-server", address)
            _done("org.apache.kafka.tools.TopicCommand", *words)
        yield address
    finally:
        process.kill()
        process.wait(20)
        shutil.rmtree(folder / "log", ignore_errors=True)


def _java(program: str, *words: str) -> list[str]:
    jars = need("kafka")
    memory = ["-Xms64m", "-Xmx256m", "-XX:+UseSerialGC"]
    return ["java", *memory, "-cp", f"{jars}/*", program, *words]


def _done(program: str, *words: str) -> None:
    done = subprocess.run(_java(program, *words), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{program} {words}: {done.stdout}{done.stderr}")


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < end:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise RuntimeError("Kafka did not start")
