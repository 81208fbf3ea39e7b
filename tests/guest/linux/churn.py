# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes dicts of lists and strings, of about 1 MiB each, and drops them: a Python program's heap.

Usage: churn.py KEEP EVERY_MS OPS_FILE

KEEP of them are kept, and a random one is replaced by a new one every EVERY_MS milliseconds, or
as fast as it goes if that is 0. OPS_FILE always has how many there were.
"""
import os
import random
import sys
import time


def make(number):
    made = {}
    for i in range(2500):
        made[f"key-{number}-{i}"] = [number, i, f"value {number * i}", (i, i + 1.5)]
    return made


def main():
    keep, every_s = int(sys.argv[1]), int(sys.argv[2]) / 1000
    kept = [make(-i) for i in range(keep)]
    ops = os.open(sys.argv[3], os.O_CREAT | os.O_WRONLY, 0o644)
    random.seed(1)
    due = time.monotonic()
    number = 0
    while True:
        kept[random.randrange(keep)] = make(number)
        number += 1
        os.pwrite(ops, b"%d\n" % number, 0)
        due = max(due + every_s, time.monotonic() - 1)  # late by more than that: no burst
        time.sleep(max(0, due - time.monotonic()))


main()
