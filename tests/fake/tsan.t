#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Random schedules with threads that run side by side, forty times as fast as time, under TSan. A data race ends the
# run. Addresses are not randomised: this TSan knows fewer layouts than newer kernels have.
cd "$(dirname "$0")/../.." || exit 1
export TSAN_OPTIONS=halt_on_error=1:report_thread_leaks=0
exec setarch -R "${B:-build}/tests/fake/schedules-tsan" --real 40 --runs "${TSAN_RUNS:-40}" --jobs 4 --keep-going
