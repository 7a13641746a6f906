# bytes, SHA-256, what -> where
#            0  e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  src/python/reports/__init__.py -> gs://network-spark/model/src/python/reports.zip
#          286  c43c24c21470e51eda63b33b732cc2b9339a39de3914573405c4f6b19c185410  src/python/reports/legacy.py -> gs://network-spark/model/src/python/reports.zip
#           57  a56b3f5f6f621d494a8a08bb8ea8ad1a394b58ae1a48f5949cc241cc18bd9f77  src/python/reports/mail.py -> gs://network-spark/model/src/python/reports.zip
#          796  a8afb316b3bb1e15507d47c87d4d4a631417269fc39c67fd2e64679c468746f5  src/python/reports/predict_failures.py -> gs://network-spark/model/src/python/reports.zip
#          321  cfc062314f231e10f945bd2c17e61414401783d1a8fac76a01bb2a2eef9981f9  src/python/reports/session.py -> gs://network-spark/model/src/python/reports.zip
#            -  -                                                                 src/python/reports.zip -> gs://network-spark/model/src/python/reports.zip
#          796  a8afb316b3bb1e15507d47c87d4d4a631417269fc39c67fd2e64679c468746f5  src/python/reports/predict_failures.py -> gs://network-spark/model/src/python/reports/predict_failures.py
(cd hdfs-reports/src/python && zip -q -r reports.zip reports -i '*.py')
gcloud storage cp hdfs-reports/src/python/reports.zip gs://network-spark/model/src/python/reports.zip
gcloud storage cp hdfs-reports/src/python/reports/predict_failures.py gs://network-spark/model/src/python/reports/predict_failures.py
