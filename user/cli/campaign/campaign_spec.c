// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * campaign_spec.c - the specification of a campaign: an INI file, its sections and keys
 */
#include "base/units.h"
#include "campaign_key.h"

#define AT(field)	offsetof(struct campaign_spec, field)
const struct spec_key campaign_keys[] = {
	{ "where", SPEC_TEXT, AT(where) },
	{ "up", SPEC_COMMAND, AT(up_command) },
	{ "start", SPEC_COMMAND, AT(start_command) },
	{ "stop", SPEC_COMMAND, AT(stop_command) },
	{ "link", SPEC_COMMAND, AT(link_command) },
	{ "watch", SPEC_COMMAND, AT(watch_command) },
	{ "source", SPEC_WORD, AT(source), "auto",
	  .words = SPEC_WORDS_OF("auto", "kmod", "bpf", "libvirt") },
	{ "seed", SPEC_COUNT, AT(seed), "1" },
	{ "pause", SPEC_DURATION, AT(pause_ms), "300ms", 0, 600000 },
	{ "profile", SPEC_DURATION, AT(profile_ms), "10s", 1000, 3600000 },
	{ "history", SPEC_YES, AT(history), "no", .words = SPEC_WORDS_OF("yes", "no") },
	{ "baseline", SPEC_DURATION, AT(baseline_ms), "0ms", 0, 600000 },
	{ "cap", SPEC_DURATION, AT(cap_ms), "8s", 1000, 3600000 },
	{ "cap_passes", SPEC_COUNT, AT(cap_passes), "3", 0, 100 },
	{ "runs_per_start", SPEC_COUNT, AT(runs_per_start), "16", 1, 10000 },
	{ "link_permille", SPEC_COUNT, AT(link_permille), "945", 1, 1000 },
	{ "delay", SPEC_DURATION, AT(delay_ms), "0ms", 0, 1000 },
	{ "loss_permille", SPEC_COUNT, AT(loss_permille), "0", 0, 500 },
	{ }
};
#undef AT

#define AT(field)	offsetof(struct campaign_guest, field)
const struct spec_key campaign_guest_keys[] = {
	{ "type", SPEC_WORD, AT(type), NULL, .words = SPEC_WORDS_OF("kvm", "qemu") },
	{ "memory", SPEC_SIZE, AT(memory_bytes), NULL, 16 * MT_MIB, 1ULL << 50 },
	{ "logging", SPEC_WORD, AT(logging), "bitmap", .words = SPEC_WORDS_OF("bitmap", "ring") },
	{ "ring", SPEC_COUNT, AT(ring_entries), "4096", 1024, 65536 },
	{ "vcpus", SPEC_COUNT, AT(vcpus), "1", 1, 512 },
	{ }
};
#undef AT

#define AT(field)	offsetof(struct campaign_workload, field)
static const struct spec_key workload_keys[] = {
	{ "image", SPEC_TEXT, AT(image) },
	{ "command_line", SPEC_TEXT, AT(command_line), "" },
	{ "verify", SPEC_YES, AT(verify), "yes", .words = SPEC_WORDS_OF("yes", "no") },
	{ }
};
#undef AT

#define AT(field)	offsetof(struct campaign_method, field)
static const struct spec_key method_keys[] = {
	{ "kind", SPEC_METHOD, AT(kind) },
	{ "flip_after_passes", SPEC_COUNT, AT(flip_after_passes), "0", 0, 1000 },
	{ "throttle_initial_percent", SPEC_COUNT, AT(throttle_initial_percent), "0", 0, 99 },
	{ "throttle_increment_percent", SPEC_COUNT, AT(throttle_increment_percent), "0", 0, 99 },
	{ "xbzrle_cache", SPEC_SIZE, AT(xbzrle_cache_bytes), "0B" },
	{ "compress_level", SPEC_COUNT, AT(compress_level), "0", 0, 9 },
	{ "compress_threads", SPEC_COUNT, AT(compress_threads), "0", 0, 255 },
	{ "channels", SPEC_COUNT, AT(channels), "0", 0, 255 },
	{ "cap", SPEC_DURATION, AT(cap_ms), "0ms", 0, 3600000 },
	{ }
};
#undef AT

#define AT(field)	offsetof(struct campaign_table, field)
static const struct spec_key table_keys[] = {
	{ "guests", SPEC_WORDS, AT(guests) },
	{ "workloads", SPEC_WORDS, AT(workloads) },
	{ "methods", SPEC_WORDS, AT(methods) },
	{ "bandwidths", SPEC_RATES, AT(bandwidths), NULL, MT_MIB, 1ULL << 50 },
	{ "downtime_limits", SPEC_DURATIONS, AT(limits), NULL, 1, 2000000 },
	{ "repeat", SPEC_COUNT, AT(repeat), "1", 1, 1000 },
	{ "combine", SPEC_YES, AT(all), "draw", .words = SPEC_WORDS_OF("all", "draw") },
	{ }
};
#undef AT

#define NAMED(type, field) \
	offsetof(struct campaign_spec, field), sizeof(struct type), \
		offsetof(struct campaign_spec, n_##field)
static const struct spec_section sections[] = {
	{ "campaign", campaign_keys },
	{ "guest", campaign_guest_keys, NAMED(campaign_guest, guests) },
	{ "workload", workload_keys, NAMED(campaign_workload, workloads) },
	{ "method", method_keys, NAMED(campaign_method, methods) },
	{ "runs", table_keys, NAMED(campaign_table, tables) },
	{ }
};
#undef NAMED

int campaign_spec_load(struct campaign_spec *s, const char *path, bool whole,
		       void (*error)(const char *line, void *opaque))
{
	return spec_read(s, sizeof(*s), sections, path, whole, whole ? campaign_check : NULL,
			 error);
}

void campaign_spec_fini(struct campaign_spec *s)
{
	spec_free(s, sizeof(*s), sections);
}
