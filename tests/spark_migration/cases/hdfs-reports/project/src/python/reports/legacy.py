from pyspark.mllib.stat import Statistics
from pyspark.streaming.kafka import KafkaUtils


def rows(sc):
    found = {}
    for key, value in sc.textFile("/data/disks/serials.txt").countByValue().iteritems():
        found[unicode(key)] = value
    return Statistics, KafkaUtils, found
