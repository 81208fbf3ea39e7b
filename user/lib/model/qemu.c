// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * qemu.c - QEMU's own expectation, as a baseline (PURE)
 *
 * expected-downtime is dirty bytes at the last sync over the bandwidth of the
 * last 100 ms (migration/migration.c). It says nothing of when, so the total
 * time is that of sending what is left once.
 */
#include "model.h"

static int qemu_predict(const struct mt_model_input *in, struct mt_prediction *out)
{
	const struct mt_sample *s = &in->iterations->last;
	double left_ms;

	if (!mt_sample_has(s, expected_downtime_ms) || !(in->bandwidth_bytes_per_s > 0))
		return -ENODATA;
	left_ms = s->remaining_bytes / in->bandwidth_bytes_per_s * 1e3;
	out->downtime_ms = (struct mt_interval){ s->expected_downtime_ms, s->expected_downtime_ms, s->expected_downtime_ms };
	out->total_ms = (struct mt_interval){ in->elapsed_ms + left_ms, in->elapsed_ms + left_ms, in->elapsed_ms + left_ms };
	out->stop_now_ms = left_ms;
	out->floor_ms = out->floor_optimistic_ms = s->expected_downtime_ms;
	out->verdict = s->expected_downtime_ms <= in->limit_ms ? MT_VERDICT_CONVERGES : MT_VERDICT_OPEN;
	return 0;
}

const struct mt_model mt_model_qemu = {
	.name = "qemu/1",
	.help = "QEMU's expected-downtime, taken at its word",
	.predict = qemu_predict,
};
