# bytes, SHA-256, what -> where
#          770  8b29a98af51b2a8172731e87a44b3fd4c8f57c015f7d32b5abc5b25e87726be4  jobs/retrain_prices.py -> gs://network-spark/model/jobs/retrain_prices.py
# left out, with credentials: .env
# left out, with credentials: prices-service-account.json
gcloud storage cp gcloud-cluster/jobs/retrain_prices.py gs://network-spark/model/jobs/retrain_prices.py
