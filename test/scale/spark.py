"""The lines of a file through `relprop explain --jsonl` as a Spark job: python spark.py CLI LINES OUT PIDS [KILL]

Each worker notes its process id in the folder PIDS. With KILL the first one is killed once it is at work; Spark then runs
its partition again.
"""
import os
import signal
import sys
import threading
import time

from pyspark import SparkConf, SparkContext

cli, lines, out, pids = sys.argv[1:5]
conf = SparkConf().setMaster("local[2,4]").setAppName("relprop").set("spark.ui.enabled", "false")
spark = SparkContext(conf=conf.set("spark.driver.bindAddress", "127.0.0.1").set("spark.driver.host", "127.0.0.1"))
spark.setLogLevel("OFF")


def kill_one():
    while not os.listdir(pids):
        time.sleep(0.01)
    time.sleep(1.5)
    os.kill(int(sorted(os.listdir(pids))[0]), signal.SIGKILL)


if len(sys.argv) > 5:
    threading.Thread(target=kill_one, daemon=True).start()
worker = f"""sh -c 'touch "{pids}/$$"; exec node "{cli}" explain --jsonl'"""
spark.textFile(lines, 8).pipe(worker, checkCode=True).saveAsTextFile(out)
print(f"{len(os.listdir(pids))} workers")
