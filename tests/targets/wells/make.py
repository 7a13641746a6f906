"""Make this folder: the SavedModel of a few kB, what `saved_model_cli` prints of it, and inputs with their scores.

Run it with tensorflow-cpu 2.21.0, outside of the project's environment: `python make.py`. The model is a logistic
regression over three named columns, so that swapped columns give other scores, and a second signature, over examples
of one tensor, whose outputs have other names. Its warm-up requests stand beside it.
"""

# mypy: disable-error-code="misc,untyped-decorator"

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import tensorflow as tf

HERE = Path(__file__).resolve().parent
MODEL = HERE / "well-failure" / "7"
ROWS = [
    (2400.0, 118.5, "gas-lift"), (1200.0, 80.0, "esp"), (0.0, 0.0, "rod"), (3100.5, 140.25, "esp"),
    (-15.5, 300.0, "unknown"), (50000.0, 1.5, "rod"), (1.0, 1.0, ""),
]  # fmt: skip


class Wells(tf.Module):
    """The chance that a well fails, from its pressure, its temperature and how it is lifted."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = tf.Variable([[0.0075], [-0.2]], dtype=tf.float32, name="weights")
        self.bias = tf.Variable([0.25], dtype=tf.float32, name="bias")

    def _score(self, numbers: tf.Tensor, lift: tf.Tensor) -> tf.Tensor:
        known = tf.cast(tf.strings.length(lift), tf.float32) * 0.1
        return tf.sigmoid(tf.matmul(numbers / 10.0, self.weights) + self.bias + known)

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, 1], tf.float32, "PRESSURE"),
            tf.TensorSpec([None, 1], tf.float32, "TEMPERATURE"),
            tf.TensorSpec([None, 1], tf.string, "LIFT"),
        ]
    )
    def columns(
        self,
        PRESSURE: tf.Tensor,  # noqa: N803 - the input's name
        TEMPERATURE: tf.Tensor,  # noqa: N803
        LIFT: tf.Tensor,  # noqa: N803
    ) -> dict[str, tf.Tensor]:
        """Score named columns."""
        score = self._score(tf.concat([PRESSURE, TEMPERATURE], axis=1), LIFT)
        return {"P_FAILURE1": score, "I_FAILURE": tf.cast(score > 0.5, tf.int64)}

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, "numbers")])
    def plain(self, numbers: tf.Tensor) -> dict[str, tf.Tensor]:
        """Score the numbers alone."""
        return {"score": self._score(numbers, tf.fill([tf.shape(numbers)[0], 1], ""))}


def field(number: int, content: bytes) -> bytes:
    """Return a field of a message, of less than 16 kB."""
    return bytes([number << 3 | 2, len(content) & 0x7F | 0x80, len(content) >> 7]) + content


def logged(row: tuple[float, float, str]) -> bytes:
    """Return a PredictionLog with a request for one row (tensorflow/serving, apis/prediction_log.proto)."""
    request = field(1, field(1, b"well-failure") + field(3, b"serving_default"))
    for name, value in zip(("PRESSURE", "TEMPERATURE", "LIFT"), row, strict=True):
        dtype = tf.string if isinstance(value, str) else tf.float32
        tensor = tf.make_tensor_proto([[value]], dtype=dtype)
        request += field(2, field(1, name.encode()) + field(2, tensor.SerializeToString()))
    return field(6, field(1, request))


def main() -> None:
    """Write all files."""
    wells = Wells()
    shutil.rmtree(MODEL.parent, ignore_errors=True)
    signatures = {"serving_default": wells.columns, "plain": wells.plain}
    tf.saved_model.save(wells, str(MODEL), signatures=signatures)
    scored = tf.saved_model.load(str(MODEL)).signatures["serving_default"]
    with (HERE / "scores.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["PRESSURE", "TEMPERATURE", "LIFT", "P_FAILURE1", "I_FAILURE"])
        for pressure, temperature, lift in ROWS:
            given = scored(
                PRESSURE=tf.constant([[pressure]]), TEMPERATURE=tf.constant([[temperature]]), LIFT=tf.constant([[lift]])
            )
            score, level = float(given["P_FAILURE1"][0, 0]), int(given["I_FAILURE"][0, 0])
            writer.writerow([pressure, temperature, lift, repr(score), level])
    with tf.io.TFRecordWriter(str(HERE / "tf_serving_warmup_requests")) as writer:
        for row in ROWS[:3]:
            writer.write(logged(row))
    command = [str(Path(sys.executable).parent / "saved_model_cli"), "show", "--dir", str(MODEL)]
    for name, words in (("show-all.txt", ["--all"]), ("show-default.txt", _DEFAULT)):
        done = subprocess.run([*command, *words], check=True, capture_output=True, text=True)
        (HERE / name).write_text(done.stdout, "utf-8")


_DEFAULT = ["--tag_set", "serve", "--signature_def", "serving_default"]

if __name__ == "__main__":
    main()
