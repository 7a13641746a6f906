"""Trailers: what a commit says of a model's version, as git itself reads it."""

import subprocess

from modelyard.files.trailers import Trailers, trailers_of, with_trailers

DIGEST = f"sha256:{'0' * 64}"


def test_git_reads_the_trailers_of_a_message() -> None:
    message = with_trailers("Propose churn 7\n\nWhat changes.\n", Trailers("mlflow:churn@champion", "7", DIGEST))
    command = ["git", "interpret-trailers", "--parse"]
    read = subprocess.run(command, input=message, capture_output=True, text=True, check=True).stdout
    assert read == f"Model-Source: mlflow:churn@champion\nModel-Version: 7\nImage-Digest: {DIGEST}\n"
    assert trailers_of(message) == Trailers("mlflow:churn@champion", "7", DIGEST)


def test_a_value_takes_one_line_whatever_a_registry_calls_its_models() -> None:
    message = with_trailers("Propose", Trailers("modelManager:a\nImage-Digest: forged\u2028b", "1"))
    assert trailers_of(message).digest == ""
    assert len(message.splitlines()) == 4


def test_what_is_empty_is_left_out_and_no_trailers_leave_the_message() -> None:
    assert with_trailers("Propose\n\n", Trailers(version="2.0")) == "Propose\n\nModel-Version: 2.0\n"
    assert with_trailers("Propose\n\n", Trailers()) == "Propose\n"


def test_a_squash_says_what_its_last_commit_said() -> None:
    squashed = "\n".join(
        f"* {with_trailers(f'Propose {each}', Trailers('mlflow:churn', each, DIGEST))}" for each in "78"
    )
    assert trailers_of(f"Two proposals (#12)\n\n{squashed}\nCo-authored-by: A <a@example.com>\n").version == "8"
