"""A project is anybody's: it is never run, nothing outside of it is read, and its secrets are never shown."""

import os
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.spark_migration.projects import JOB, found, migrated, project

Command = Callable[..., CompletedProcess[str]]
SECRET = "qz7-canary-Xy0123456789abcdefgh"  # noqa: S105 - planted
ACCOUNT = f'{{"type": "service_account", "private_key": "{SECRET}"}}\n'


def test_nothing_of_a_project_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trap = f"open({str(tmp_path / 'ran')!r}, 'w')\n"
    root = project(tmp_path / "p", score_dot_py=trap + JOB.format("import traps"), traps_dot_py=trap, setup_dot_py=trap)
    project(root, run_dot_sh="touch ran; spark-submit $(touch ran) score.py `touch ran`\n")
    monkeypatch.chdir(tmp_path)
    assert "model/score.py" in migrated(root).text
    assert not (tmp_path / "ran").exists()
    assert not (root / "ran").exists()


def test_a_link_that_leads_out_is_named_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside.yml").write_text(f"password: {SECRET}\nmaster: local[*]\n", "utf-8")
    root = project(tmp_path / "p", score_dot_py=JOB.format('open("settings.yml")'))
    (root / "settings.yml").symlink_to(tmp_path / "outside.yml")
    (root / "more").symlink_to(tmp_path)
    result = migrated(root)
    assert [each.message.rpartition("/")[2] for each in found(result, "MY918")] == [
        "settings.yml is a link that leads out of the project, and is not followed"
    ]
    assert result.plan
    assert [each.path for each in result.plan.files] == ["score.py"]
    assert "local[*]" not in result.text


def test_secrets_are_named_and_never_shown(tmp_path: Path, modelyard: Command) -> None:
    root = project(
        tmp_path / "p",
        score_dot_py=JOB.format('open("app.conf"), open("keys.yml")'),
        app_dot_conf=f"broker.api_secret = {SECRET}\n",
        keys_dot_yml=f"database:\n  password: {SECRET}\n",
        lib__account_dot_json=ACCOUNT,
        _dot_env=f"DB_PASSWORD={SECRET}\n",
        id_rsa=SECRET,
        run_dot_sh=f"spark-submit --conf spark.db.password={SECRET} --files app.conf score.py --token {SECRET} "
        f"--url https://me:{SECRET}@example.com --api-key={SECRET}\n",
    )
    done = modelyard("migrate-spark", "p", "--bucket", "network-spark", "-o", "m.yaml", cwd=tmp_path)
    every = done.stdout + done.stderr + (tmp_path / "m.yaml").read_text("utf-8")
    assert done.returncode == 0
    assert SECRET not in every
    assert '- "--token"\n        - "<hidden>"\n' in (tmp_path / "m.yaml").read_text("utf-8")
    for name in ("app.conf", "keys.yml", ".env", "id_rsa"):
        assert f"# left out, with credentials: {name}\n" in done.stdout
        assert f"gcloud storage cp p/{name}" not in done.stdout
    assert "MY908 app.conf:1" in (tmp_path / "m.yaml").read_text("utf-8")
    assert root.exists()


def test_a_module_with_a_secret_is_left_out_of_its_archive(tmp_path: Path) -> None:
    root = project(
        tmp_path / "p",
        score_dot_py=JOB.format("import lib.one, lib.two"),
        lib____init___dot_py="",
        lib__one_dot_py="ONE = 1\n",
        lib__two_dot_py=f"DB_PASSWORD = {SECRET!r}\n",
    )
    (root / "lib" / "__init__.py").write_text("", "utf-8")
    plan = migrated(root).plan
    assert plan
    assert plan.made == [f"(cd {root} && zip -q -r lib.zip lib -i '*.py' -x lib/two.py)"]
    assert "lib/two.py" not in [each.path for each in plan.files]


def test_names_are_quoted_for_the_shell(tmp_path: Path) -> None:
    name = "score; touch owned; $(touch owned).py"
    root = project(tmp_path / "a b", x="")
    (root / name).write_text(JOB.format("pass"), "utf-8")
    plan = migrated(root).plan
    assert plan
    (row,) = plan.files
    assert shlex.split(row.command)[-2:] == [str(root / name), f"gs://network-spark/model/{name}"]
    script = tmp_path / "plan.sh"
    script.write_text(f"gcloud() {{ :; }}\n{plan.text}", "utf-8")
    subprocess.run(["sh", str(script)], cwd=tmp_path, check=True)
    assert not (tmp_path / "owned").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfeh\x00i\x00",
        b"\xe9 = 1\n",
        b"\x00\x01\x02",
        b"(" * 5000,
        b"x = " + b"-" * 50_000 + b"1\n",
        b"a" + b".b()" * 3000 + b"\n",
        b"spark-submit \\\n" * 3000,
        b"A=$A$A$A$A\n" * 200 + b"spark-submit $A x.py\n",
        b"a: &a [*a]\n",
        b"[" * 30_000,
        b"k: " + b"x" * 600_000,
    ],
    ids=range(11),
)
def test_any_content_is_survived(content: bytes, tmp_path: Path) -> None:
    root = project(tmp_path / "p", score_dot_py=JOB.format("import odd"))
    for name in (
        "odd.py",
        "odd.sh",
        "odd.yml",
        "odd.json",
        "odd.conf",
        "Makefile",
        "Dockerfile",
        "README.md",
        "script",
    ):
        (root / name).write_bytes(content)
    assert "model/score.py" in migrated(root).text


def test_large_files_and_pipes_are_not_read(tmp_path: Path) -> None:
    root = project(tmp_path / "p", score_dot_py=JOB.format("import huge"))
    with (root / "huge.py").open("wb") as file:
        file.truncate(3 << 20)
    os.mkfifo(root / "pipe.py")
    result = migrated(root)
    assert [each.message.partition(" has ")[2] for each in found(result, "MY918")] == ["3 MiB, and is not looked into"]


def test_files_are_not_replaced_unasked(tmp_path: Path, modelyard: Command) -> None:
    project(tmp_path / "p", score_dot_py=JOB.format("pass"))
    (tmp_path / "m.yaml").write_text("mine\n", "utf-8")
    words = ("migrate-spark", "p", "--bucket", "network-spark", "-o", "m.yaml")
    done = modelyard(*words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "error: m.yaml is already there [MY923]" in done.stderr
    assert (tmp_path / "m.yaml").read_text("utf-8") == "mine\n"
    (tmp_path / "m.yaml").rename(tmp_path / "plan.sh")
    assert modelyard(*words, "--plan", "plan.sh", cwd=tmp_path).returncode == 1
    assert not (tmp_path / "m.yaml").exists()
    assert modelyard(*words, "--replace", cwd=tmp_path).returncode == 0
    assert "runtime: spark" in (tmp_path / "m.yaml").read_text("utf-8")
