// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * params.c - what is assumed unless told otherwise (PURE)
 */
#include <errno.h>
#include <string.h>

#include "sim.h"

void mt_sim_defaults(struct mt_sim_params *p)
{
	*p = (struct mt_sim_params){
		.method = *mt_method_at(MT_METHOD_PRECOPY),
		.downtime_limit_ms = MT_QEMU_LIMIT_DEFAULT_MS,
		.cap_ms = 600e3,
		.clear_shift = 18,			/* CLEAR_BITMAP_SHIFT_DEFAULT */
		/* migration_properties[] of migration/migration.c */
		.throttle_trigger_percent = 50,
		.throttle_initial_percent = 20,
		.throttle_increment_percent = 10,
		.throttle_max_percent = 99,
		.xbzrle_cache_bytes = 64 * MT_TRACE_PAGE_BYTES * 256,
		.look_ms = 250,
		.order = { .wss = MT_WSS_DEFAULTS, .tick_ms = 100 },
		.host = {
			/*
			 * Measured between two QEMU 7.2 on one busy machine of two cores
			 * (Documentation/evaluation/ simulator.md): the buffers, zero pages, XBZRLE
			 * and compression, discards, setup, stop and finish. Inferred: the rest,
			 * which matters little there.
			 */
			.buffer_bytes = 2e6,
			.there_buffer_bytes = 4e6,
			.rtt_ms = 0.2,
			.setup_ms = 6,
			.page_ns = 1500,
			.zero_page_ns = 1000,
			.xbzrle_page_ns = 3000,
			.compress_page_ns = 30000,
			.there_page_ns = 8000,
			.there_zero_page_ns = 10000,
			.there_zero_postcopy_ns = 1500,
			.there_discard_ns = 14000,
			.sync_ms = 0.1,
			.wake_ms = 0.2,
			.stop_ms = 8,
			.device_bytes = 100e3,
			.finish_ms = 35,
			.resume_ms = 30,
			.place_ms = 0.1,
			.beat_touches = 64,
		},
	};
}

static const char *const end_names[MT_SIM_END_COUNT] = {
	[MT_SIM_CONVERGED] = "converged",
	[MT_SIM_POSTCOPIED] = "postcopied",
	[MT_SIM_STOPPED] = "stopped",
	[MT_SIM_CAPPED] = "capped",
	[MT_SIM_ABORTED] = "aborted",
};

const char *mt_sim_end_name(enum mt_sim_end end)
{
	return (unsigned)end < MT_SIM_END_COUNT ? end_names[end] : "?";
}

int mt_sim_check(const struct mt_sim_params *p, struct mt_err *err)
{
	uint64_t slots = p->xbzrle_cache_bytes / MT_TRACE_PAGE_BYTES;

	if (p->memory_bytes < 64 * MT_TRACE_PAGE_BYTES || p->memory_bytes > 1ULL << 44)
		return mt_err_set(err, -EINVAL, "memory is 256 KiB to 16 TiB");
	if (p->resident_bytes > p->memory_bytes)
		return mt_err_set(err, -EINVAL, "more memory is in use than there is");
	if (p->method.xbzrle && (!slots || slots & (slots - 1)))
		return mt_err_set(err, -EINVAL,
				  "XBZRLE's cache has to be a power of two, 4 KiB or more");
	if (p->method.zstd)
		return mt_err_set(err, -EINVAL,
				  "connections that are compressed by zstd cannot be simulated");
	if (p->method.channels && (p->method.xbzrle || p->method.compression || p->method.postcopy))
		return mt_err_set(err, -EINVAL,
				  "multifd goes with neither XBZRLE nor compression nor post-copy");
	if (!(p->tick_ms >= 0))
		return mt_err_set(err, -EINVAL, "a tick is 0 ms, which is none, or longer");
	if (p->sender == MT_SIM_SENDER_XEN &&
	    (p->method.xbzrle || p->method.compression || p->method.postcopy ||
	     p->method.auto_converge || p->method.channels))
		return mt_err_set(err, -EINVAL, "Xen's sender is played for pre-copy alone");
	if (p->sender == MT_SIM_SENDER_ORDERED &&
	    (p->method.xbzrle || p->method.compression || p->method.auto_converge ||
	     p->method.channels || p->log != MT_SIM_LOG_RING))
		return mt_err_set(
			err, -EINVAL,
			"an ordered sender reads rings, and is played for pre-copy and post-copy");
	if (!(p->order.tick_ms >= 1) || !(p->watched_ms >= 0))
		return mt_err_set(err, -EINVAL, "a tick of the order is 1 ms or longer");
	if (p->clear_shift < 6 || p->clear_shift > 31)
		return mt_err_set(err, -EINVAL, "the clear bitmap's shift is 6 to 31");
	if (!(p->downtime_limit_ms >= 0) || !(p->cap_ms > 0) || p->throttle_max_percent > 99 ||
	    !(p->host.link_bytes_per_s >= 0) || !(p->bandwidth_bytes_per_s >= 0) ||
	    !(p->host.page_ns > 0) || !(p->host.zero_page_ns > 0))
		return mt_err_set(
			err, -EINVAL,
			"a figure is below what makes sense, or the throttle above 99 %%");
	return 0;
}
