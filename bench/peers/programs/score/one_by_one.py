"""Score a table with a call of requests.post per row, as the sample client of SAS Container Runtime does."""

import csv
import sys
from pathlib import Path

import requests

url, source, output = sys.argv[1:]
with (
    Path(source).open(encoding="utf-8", newline="") as file,
    Path(output).open("w", encoding="utf-8", newline="") as out,
):
    writer = csv.writer(out)
    writer.writerow(["ID", "LOAN", "VALUE", "JOB", "P_BAD", "I_BAD"])
    for row in csv.DictReader(file):
        data = {"LOAN": float(row["LOAN"]), "VALUE": float(row["VALUE"]), "JOB": row["JOB"]}
        answer = requests.post(url, json={"data": data}, timeout=60)
        answer.raise_for_status()
        writer.writerow([*row.values(), *answer.json()["data"].values()])
