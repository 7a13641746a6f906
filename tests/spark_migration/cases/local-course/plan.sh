# bytes, SHA-256, what -> where
#            0  e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  lib/__init__.py -> gs://network-spark/model/lib.zip
#          322  a3f18397954bab747c59423135c54e3f3bd8d35c11cc50843c0db994a75a80c3  lib/settings.py -> gs://network-spark/model/lib.zip
#           86  42c25e9c12ff03d7e5d4b6160cc2ebf8f7094372bfbbc65c52c26e86acb33c93  lib/tables.py -> gs://network-spark/model/lib.zip
#            -  -                                                                 lib.zip -> gs://network-spark/model/lib.zip
#          140  0bff74929af7975beeaee92a382428aba4066845596f4e2e4b6bfbfa70eeb4e2  conf/spark.conf -> gs://network-spark/model/conf/spark.conf
#          477  1e68eba7f614dbd735029674dd4dc12414c9a0b682b2f0eff6f506106cdabf91  ChurnDemo.py -> gs://network-spark/model/ChurnDemo.py
(cd local-course && zip -q -r lib.zip lib -i '*.py')
gcloud storage cp local-course/lib.zip gs://network-spark/model/lib.zip
gcloud storage cp local-course/conf/spark.conf gs://network-spark/model/conf/spark.conf
gcloud storage cp local-course/ChurnDemo.py gs://network-spark/model/ChurnDemo.py
