"""A run of Spark in which an executor is killed: `python -m tests.support.spark_acceptance ROWS` prints the figures."""

import asyncio
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Final

from modelyard.spark import Options, score
from modelyard.spark.tables import checksum
from tests.support.model_server import Server, answer, running
from tests.support.spark_session import applications, expected, kill_executor, session

PARTS: Final = 32
SPECULATION: Final = {"spark.speculation": "true", "spark.speculation.quantile": "0.5"}


async def faulty(_server: Server, writer: asyncio.StreamWriter, number: int) -> bool:
    """Break off, and refuse, each now and then."""
    if number % 997 == 0:
        writer.transport.abort()
    elif number % 4999 == 0:
        answer(writer, 503, {"error": "busy"}, more="Retry-After: 1\r\n")
    return number % 997 == 0 or number % 4999 == 0


def main() -> int:
    """Print the figures; returns 1 where a row is lost, doubled or wrong."""
    count = int(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="modelyard-spark-") as name, running(Server(fault=faulty)) as server:
        folder = Path(name)

        def kill() -> None:
            while server.posts < count // 3:
                time.sleep(0.05)
            kill_executor(folder)

        with session(folder, settings=SPECULATION) as spark:
            frame = applications(spark, count, PARTS)
            threading.Thread(target=kill, daemon=True).start()
            began = time.monotonic()
            scored = score(frame, server.url(), options=Options(concurrency=64, retries=20))
            scored.write.parquet(str(folder / "scored"))
            seconds = time.monotonic() - began
            found = spark.read.parquet(str(folder / "scored"))
            rows, different = found.count(), found.select("id").distinct().count()
            sums = checksum(found), checksum(expected(frame))
    whole = rows == different == count and sums[0] == sums[1]
    calls = sum(server.calls.values())
    each = "each row once, with its score" if whole else "THE OUTPUT IS WRONG"
    sys.stdout.write(
        f"{count:,} rows, 2 executors, one killed: {each}; checksum {sums[0]}; {seconds:.0f} s "
        f"({count / seconds:,.0f}/s), {calls - count:,} rows scored twice\n"
    )
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main())
