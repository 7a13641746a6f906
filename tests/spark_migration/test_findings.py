"""What is found in programs, configuration and calls, and what is not."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Final

import pytest

from tests.spark_migration.projects import JOB, found, lines, migrated, project

Command = Callable[..., CompletedProcess[str]]


@pytest.mark.parametrize(
    ("code", "body"),
    [
        ("MY903", 'SparkSession.builder.master("local[*]")'),
        ("MY903", 'SparkConf().setMaster("local")'),
        ("MY903", 'SparkContext("local[2]", "name")'),
        ("MY903", 'SparkContext(master="spark://old:7077")'),
        ("MY903", 'SparkSession.builder.config("spark.master", "local[4]")'),
        ("MY903", 'SparkConf().set("spark.master", "yarn-client")'),
        ("MY905", 'spark.read.parquet("hdfs://old/data")'),
        ("MY905", 'spark.read.parquet("/user/risk/data")'),
        ("MY906", 'spark.conf.set("hive.metastore.uris", "thrift://old:9083")'),
        ("MY906", "SparkSession.builder.enableHiveSupport()"),
        ("MY906", 'df.write.saveAsTable("risk.scores")'),
        ("MY907", 'os.environ["GOOGLE_APPLICATION_CREDENTIALS"] = "x"'),
        ("MY907", 'storage.Client.from_service_account_json("x")'),
        ("MY909", "rows.iteritems()"),
        ("MY909", "unicode(rows)"),
        ("MY910", "sqlContext.jsonFile(path)"),
        ("MY911", "df.registerTempTable(name)"),
        ("MY911", "SQLContext(sc)"),
        ("MY912", 'spark.read.csv("data/rows.csv")'),
        ("MY912", 'spark.read.csv("file:///srv/rows.csv")'),
        ("MY912", 'open("/home/me/rows.csv")'),
        ("MY913", 'os.environ["RISK_DAY"]'),
        ("MY913", 'os.getenv("RISK_DAY")'),
        ("MY915", 'submit(job_id="Score_Demo")'),
        ("MY916", 'spark.read.csv("gs://other-bucket/rows.csv")'),
    ],
)
def test_what_will_not_move_is_found_at_its_line(code: str, body: str, tmp_path: Path) -> None:
    result = migrated(project(tmp_path / "p", score_dot_py=JOB.format(body)))
    assert lines(result, code) == [("score.py", 5)]
    assert f"# {code} score.py:5: " in result.text


@pytest.mark.parametrize(
    "body",
    [
        'SparkSession.builder.master("yarn")',
        'Chess.master("local")',
        'spark.read.parquet("gs://network-spark/data")',
        'spark.read.format("parquet").table("rows")',
        'spark.read.option("path", "x").csv(sys.argv[1])',
        'os.environ.get("RISK_DAY", "today"), os.environ["HOME"], os.getenv("RISK", "x")',
        'df.unionAll(other), "a word about /data", "n/a", dict(a=1).items()',
        'df.select("local"), spark.read.csv(f"{root}/rows.csv")',
    ],
)
def test_what_moves_is_not_found(body: str, tmp_path: Path) -> None:
    result = migrated(project(tmp_path / "p", score_dot_py=JOB.format(body)))
    assert {each.code for each in result.problems} == {"MY919"}


def test_a_file_of_python_2_is_told_with_its_line(tmp_path: Path) -> None:
    root = project(tmp_path / "p", score_dot_py=JOB.format("import told"), told_dot_py="x = 1\nprint x\n")
    result = migrated(root)
    assert lines(result, "MY909") == [("told.py", 2)]
    assert "Missing parentheses" in found(result, "MY909")[0].message


def test_a_masters_line_is_that_of_its_name_in_a_chain(tmp_path: Path) -> None:
    body = 'SparkSession \\\n        .builder \\\n        .master("local[2]") \\\n        .getOrCreate()'
    assert lines(migrated(project(tmp_path / "p", score_dot_py=JOB.format(body))), "MY903") == [("score.py", 7)]


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("run.yml", "spark:\n  master: local[*]\n", 2),
        ("run.json", '{\n"spark.master": "local[2]"}\n', 2),
        ("run.ini", "[spark]\nmaster = local\n", 2),
        ("run.properties", "# x\nspark.master=local[2]\n", 2),
        ("spark-defaults.conf", "spark.master    spark://old:7077\n", 1),
    ],
)
def test_each_form_of_configuration_is_read(name: str, text: str, line: int, tmp_path: Path) -> None:
    root = project(tmp_path / "p", score_dot_py=JOB.format(f'open("{name}")'))
    (root / name).write_text(text, "utf-8")
    assert lines(migrated(root), "MY903") == [(name, line)]


ASKED: Final = "--num-executors 10 --executor-cores 4 --executor-memory 8g"
RUN: Final = f"spark-submit {ASKED} score.py --day 1"
SCRIPT: Final = """\
DIR=.
nohup spark-submit --master yarn --num-executors=10 \\
 --executor-cores 4 \\
  --executor-memory 8g $DIR/score.py --day 1 2>/dev/null &
"""
ARRAY: Final = """\
#!/bin/bash
args=(
  --num-executors 10 # ten
  --executor-cores=4
)
args+=(--executor-memory 8g)
spark-submit "${args[@]}" score.py --day "1"
"""
MAKEFILE: Final = """\
CORES ?= 4
run:
\t@spark-submit --num-executors 10 --executor-cores $(CORES) \\
\t--executor-memory 8g score.py --day 1
"""
DOCKERFILE: Final = (
    f"FROM x\nENV CORES=4\nCMD {json.dumps(['spark-submit', *ASKED.split(), '/app/score.py', '--day', '1'])}\n"
)
DAG: Final = (
    f"from airflow import DAG\nfrom airflow.operators.bash import BashOperator\nBashOperator(bash_command='{RUN}')\n"
)
CALLS: Final = {
    "run.sh": SCRIPT,
    "run": ARRAY,
    "Makefile": MAKEFILE,
    "Dockerfile": DOCKERFILE,
    "README.md": f"Run it:\n\n    $ {RUN}\n",
    "dag.py": DAG,
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_read_wherever_it_stands(name: str, tmp_path: Path) -> None:
    root = project(tmp_path / "p", score_dot_py=JOB.format("pass"))
    (root / name).write_text(CALLS[name], "utf-8")
    shown = migrated(root).text
    assert "executor: 8192 MiB + overhead 820 MiB (the larger of 384 MiB and 10 %) = 9012 MiB, 4 cores" in shown
    assert "10 executors: ceil(10 / 2) = 5" in shown
    assert '        args:\n        - "--day"\n        - "1"\n' in shown


def test_a_file_that_a_call_names_lies_beside_the_job(tmp_path: Path) -> None:
    root = project(tmp_path / "p", score_dot_py=JOB.format("pass"), conf__day_dot_yml="a: 1\n")
    project(root, run_dot_sh="spark-submit --files gone.txt score.py --config=conf/day.yml\n")
    result = migrated(root)
    assert (
        '        files:\n        - model/conf/day.yml\n        args:\n        - "--config=./day.yml"\n' in result.text
    )
    assert [each.message for each in found(result, "MY920")] == ["gone.txt is not in the project"]


def test_jobs_are_told_apart_by_their_names_and_calls(tmp_path: Path) -> None:
    root = project(tmp_path / "p", fit_model_dot_py=JOB.format("pass"), PredictRisk_dot_py=JOB.format("pass"))
    project(root, report_dot_py=JOB.format("pass"))
    result = migrated(root)
    assert "train:\n        main: model/fit_model.py\n" in result.text
    assert "score:\n        main: model/PredictRisk.py\n" in result.text
    assert "name jobs): report.py\n" in result.text
    assert not found(result, "MY902")


def test_a_doubt_about_the_job_is_said(tmp_path: Path) -> None:
    root = project(tmp_path / "p", one_dot_py=JOB.format("pass"), two_dot_py=JOB.format("pass"))
    (doubt,) = found(migrated(root), "MY902")
    assert doubt.message == "one.py is taken for the job that scores, but two.py may be it too"
    assert f"  # MY902 one.py:1: {doubt.message};" in migrated(root).text
    named = migrated(root, score="two.py")
    assert "main: model/two.py" in named.text
    assert not found(named, "MY902")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("gone", "--bucket", "network-spark"), "gone is not a folder [MY901]"),
        (("p", "--bucket", "gs://network-spark"), "gs://network-spark is not the name of a bucket [MY105]"),
        (("p", "--bucket", "network-spark", "--train", "no.py"), "no.py is no job of p [MY901]"),
        (("empty", "--bucket", "network-spark"), "empty has no pyspark job [MY901]"),
    ],
)
def test_what_is_no_project_is_an_error(
    arguments: tuple[str, ...], message: str, tmp_path: Path, modelyard: Command
) -> None:
    project(tmp_path / "p", score_dot_py=JOB.format("pass"))
    (tmp_path / "empty").mkdir()
    done = modelyard("migrate-spark", *arguments, "-o", "m.yaml", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"error: {message}" in done.stderr
    assert not (tmp_path / "m.yaml").exists()


def test_findings_are_printed_in_each_format(tmp_path: Path, modelyard: Command) -> None:
    project(tmp_path / "p", score_dot_py=JOB.format('SparkSession.builder.master("local")'))
    words = ("migrate-spark", "p", "--bucket", "network-spark", "--replace", "-o", "m.yaml", "--format")
    shown = json.loads(modelyard(*words, "json", cwd=tmp_path).stdout)
    assert [each["code"] for each in shown["problems"]] == ["MY903", "MY919"]
    sarif = json.loads(modelyard(*words, "sarif", cwd=tmp_path).stdout)
    assert {each["ruleId"] for each in sarif["runs"][0]["results"]} == {"MY903", "MY919"}
    done = modelyard(*words[:4], "--format", "json", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")


def test_without_a_file_the_models_file_is_printed_alone(
    tmp_path: Path, modelyard: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    project(tmp_path / "p", score_dot_py=JOB.format("pass"))
    done = modelyard("migrate-spark", "p", "--bucket", "network-spark", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout == migrated(Path("p")).text
    assert [*tmp_path.iterdir()] == [tmp_path / "p"]
