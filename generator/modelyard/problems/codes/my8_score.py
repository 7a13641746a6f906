"""MY80 to MY82: scoring."""

from typing import Final

from modelyard.problems.codes.code import Code

SCORE: Final[dict[str, Code]] = {
    "MY801": Code(
        "A model without a known address",
        "A name is looked up in the models file: the host of its domains, ingress, gateway or route. If the file does "
        "not say it, modelyard asks the cluster of the kubeconfig. With -n, --context or --kubeconfig, it asks only "
        "the cluster.",
    ),
    "MY802": Code(
        "A model that does not describe itself",
        "The inputs are learned from GET PATH/apiMeta/api, of TensorFlow Serving from PATH/metadata. No row was sent.",
    ),
    "MY803": Code(
        "A description that is not understood",
        "It must be OpenAPI 3 with SCRInput and SCROutput (SAS Container Runtime), Swagger 2 with PCRInput "
        "and PCROutput (SAS Python Container Runtime), or the metadata of TensorFlow Serving. No row was sent.",
    ),
    "MY804": Code(
        "A missing column",
        "Each input of the model needs a column of its name; case matters only where two would fit. Nothing was sent.",
    ),
    "MY805": Code(
        "Not a table",
        "CSV files follow RFC 4180: quotes are closed, there is no NUL, columns have different names. If one row is "
        "longer or shorter than the header, only that row fails. A file that cannot be split into rows is not scored. "
        "A name "
        "that ends with .gz or .zst is a packed CSV file, with .parquet a Parquet file.",
    ),
    "MY806": Code(
        "A cell that does not fit",
        "It is not of the type that the model declares, so the row fails without being sent. With --on-error stop a "
        "file is read to its end before anything is sent, and all such cells are named.",
    ),
    "MY807": Code(
        "A row that failed",
        "The model did not score it, after all retries. What was scored before it is kept beside the output: "
        "--resume goes on from there. Without --on-error stop the row goes among the failed ones instead.",
    ),
    "MY808": Code(
        "Rows that failed",
        "All other rows are scored. The failed ones are in the file beside the output, of a DataFrame in its column "
        "error, with their reasons; that file can itself be scored again.",
    ),
    "MY809": Code("An output that cannot be written", "The old file is kept."),
    "MY810": Code(
        "An unfinished output",
        "An earlier run to the same output was stopped or killed; its rows are kept beside the output.",
    ),
    "MY811": Code(
        "A run that differs from the unfinished one",
        "--resume goes on only with the same input, model and options, or rows would be lost or doubled.",
    ),
    "MY812": Code("The output is being written", "Another modelyard writes the same output at this moment."),
    "MY813": Code("An address that is not valid", "It is not used, and not shown, since it may hold a password."),
    "MY814": Code(
        "A credential over plain HTTP",
        "Everyone on the way can read it. Use https, or a port-forward to this machine.",
        "warning",
    ),
    "MY815": Code(
        "The server has died",
        "The model answered before, but for half a minute it has answered no call: connections failed, or several "
        "calls in a row were given up. The remaining rows are not tried; --resume goes on with them.",
    ),
    "MY816": Code(
        "A live model that takes no calls",
        "It is in the cluster, but it is not ready, is scaled to zero, or it is not clear which object is meant. "
        "A tunnel leads to a single revision, so calls that are split need --variant or the cluster's gateway.",
    ),
    "MY817": Code(
        "A format whose package is not installed",
        "Parquet files are read and written by pyarrow, which modelyard[parquet] brings; modelyard[spark] brings what "
        "Spark needs. Nothing was sent.",
    ),
    "MY818": Code(
        "A model that Spark's executors cannot reach",
        "It is in a cluster and has no address outside. modelyard score leads a tunnel to its pods, but only this "
        "machine can use it. Nothing was sent.",
    ),
    "MY819": Code(
        "A table that changed while it was scored",
        "Spark reads the input once to score it and once to count its rows, and the two differ. The output stands.",
    ),
    "MY820": Code(
        "The packages of the request log are not installed",
        "The sidecar parses HTTP with httptools, runs on uvloop, and reaches PostgreSQL with psycopg. "
        "modelyard[sidecar] brings them.",
    ),
    "MY821": Code(
        "A request log that cannot start",
        "It listens at two ports, and has a folder of its own that one sidecar alone may write to.",
    ),
    "MY822": Code(
        "A Secret of the request log that is not there",
        "The address of the database is in MODELYARD_DATABASE, and the key of hashes in MODELYARD_HASH_KEY. Neither is "
        "an option, for options are seen by everyone on a machine.",
    ),
    "MY823": Code(
        "A database that cannot be used",
        "PostgreSQL refused the login or a statement. Only its code is shown: its own words may hold values of rows. "
        "`modelyard monitor migrate` makes the tables, as a role that may create tables and roles.",
    ),
    "MY824": Code(
        "Outcomes that are not all as expected",
        "Outcomes are joined to the log by their id. One that no logged row has may come before its row, or be wrong; "
        "one that was there with another value replaces it.",
        "warning",
    ),
    "MY825": Code(
        "A file of outcomes that cannot be read",
        "It is CSV with a header, also packed as .gz, or Parquet; it has the two columns that are named, and an id and "
        "an outcome in each row.",
    ),
    "MY826": Code(
        "A set without a request log",
        "`modelyard monitor` works on the log of a set: the table that requestLog of its models names.",
    ),
    "MY830": Code(
        "A model that is no longer good enough",
        "What `monitor.metric` says of its champion's newest version is beyond `monitor.threshold`. Look at the inputs "
        "that drift, and at the challengers.",
    ),
    "MY831": Code(
        "A model of which it cannot be told",
        "The metric needs rows, both outcomes, or a baseline. Without them there is no alert, and no all-clear either.",
        "warning",
    ),
    "MY832": Code(
        "A table for Model Manager that cannot be written",
        "Its name is a prefix, a number and a label; its rows have outcomes, so monitor names target and score.",
    ),
    "MY833": Code(
        "A model whose alerts are silenced",
        "It is beyond its threshold, and `modelyard monitor silence` has said that nobody is to hear of it until then. "
        "`monitor silence NAME --end` ends that.",
        "warning",
    ),
    "MY834": Code(
        "A retraining that has not begun",
        "An alert starts one Job of the CronJob in `monitor.retrain`, and never two at once. What kept it from that is "
        "said; each run tries again until the model recovers.",
        "warning",
    ),
    "MY835": Code(
        "A silence that would have no effect",
        "A silence ends at a time that is to come. It is kept in the database of the log.",
    ),
    "MY838": Code(
        "The packages of the demo are not installed",
        "`modelyard monitor demo` starts a PostgreSQL of its own. modelyard[demo] brings it, with all that the sidecar "
        "needs.",
    ),
    "MY839": Code(
        "A demo that cannot go on",
        "It starts PostgreSQL, a model and sidecars on this machine, and one of them does not answer. Nothing of it is "
        "left.",
    ),
    "MY840": Code(
        "A challenger that does not pass the gate",
        "`gate` of the model says what is demanded before a challenger gets calls, or more of them: how many answers "
        "are the champion's, how far its scores are from those, how long calls take, and how many may fail.",
    ),
    "MY841": Code(
        "Rows that cannot be compared",
        "A replay needs the champion's answers beside the inputs: the request log has them, and so has what "
        "`modelyard score` writes.",
    ),
    "MY842": Code(
        "Inputs that the request log does not have",
        "Columns that requestLog drops or hashes cannot be asked again.",
    ),
    "MY843": Code(
        "A challenger that cannot be judged",
        "A gate needs rows: as many as `monitor.minRows` says, 500 without it. Too few are no pass.",
    ),
    "MY844": Code(
        "An image that cannot be started on this machine",
        "`modelyard replay --against IMAGE` starts it with podman or docker, as `modelyard try` does. A model that "
        "runs elsewhere is named by its variant or URL.",
    ),
}
