# bytes, SHA-256, what -> where
#          270  e6ca0021fdb468cef56975184eaf309fb8853f8c711e96027f538e1bf3e462d1  demo-config.yml -> gs://network-spark/model/demo-config.yml
#         1247  e1e3d61e79291e085349a75098c9785cedf7c735b9869a670e31a18b6d21405c  train.py -> gs://network-spark/model/train.py
#         1281  c5e884f0ffd56e1bddda21b890befd5b52c1cfffa418030ff78de5bad18d29d4  score.py -> gs://network-spark/model/score.py
#           31  aa83168137d1560901adebfbe6bbb4c5ff2909d08ca923bc5ac232a1e92cf2c8  data/network_val_processed.parquet/ -> gs://network-spark/data/network_val_processed.parquet/
# left out, with credentials: migrate-key.json
gcloud storage cp anomaly-sample/demo-config.yml gs://network-spark/model/demo-config.yml
gcloud storage cp anomaly-sample/train.py gs://network-spark/model/train.py
gcloud storage cp anomaly-sample/score.py gs://network-spark/model/score.py
# data: its arrival starts the job that waits for it
gcloud storage rsync --recursive anomaly-sample/data/network_val_processed.parquet gs://network-spark/data/network_val_processed.parquet
