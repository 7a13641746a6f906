"""Score a table with a pool of 16 threads, each with a session that keeps its connection."""

import csv
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

url, source, output = sys.argv[1:]
of_thread = threading.local()


def score(row: dict[str, str]) -> list[object]:
    """Return a row with what the model gives for it."""
    if not hasattr(of_thread, "session"):
        of_thread.session = requests.Session()
    data = {"LOAN": float(row["LOAN"]), "VALUE": float(row["VALUE"]), "JOB": row["JOB"]}
    answer = of_thread.session.post(url, json={"data": data}, timeout=60)
    answer.raise_for_status()
    return [*row.values(), *answer.json()["data"].values()]


with (
    Path(source).open(encoding="utf-8", newline="") as file,
    Path(output).open("w", encoding="utf-8", newline="") as out,
):
    writer = csv.writer(out)
    writer.writerow(["ID", "LOAN", "VALUE", "JOB", "P_BAD", "I_BAD"])
    with ThreadPoolExecutor(16) as pool:
        writer.writerows(pool.map(score, csv.DictReader(file)))
