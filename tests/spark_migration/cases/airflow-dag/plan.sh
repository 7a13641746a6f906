# bytes, SHA-256, what -> where
#           73  16b364bb9df82920457f27c976083b84a8b5fe069cf4d591d53b8fc95d857e53  config/topics_conf.json -> gs://network-spark/model/config/topics_conf.json
#          110  c51dc88a0a6063b171b86d8da76ea913c6c60c4bf68c61011d69e22ea0cf8116  jobs/pages.py -> gs://network-spark/model/jobs/pages.py
#          489  1f5ca14bb155437562ded79e845ddebcaf317454ccfc04af00289bbdeefc5a40  jobs/fit_topics.py -> gs://network-spark/model/jobs/fit_topics.py
#          557  18a9f12810e977abe4bf3d015b3fb0d376a6b01877fa99824cb46dced9a50641  jobs/topic_scorer.py -> gs://network-spark/model/jobs/topic_scorer.py
gcloud storage cp airflow-dag/config/topics_conf.json gs://network-spark/model/config/topics_conf.json
gcloud storage cp airflow-dag/jobs/pages.py gs://network-spark/model/jobs/pages.py
gcloud storage cp airflow-dag/jobs/fit_topics.py gs://network-spark/model/jobs/fit_topics.py
gcloud storage cp airflow-dag/jobs/topic_scorer.py gs://network-spark/model/jobs/topic_scorer.py
