// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cmd_migrate.c - migtrace migrate: its options
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/units.h"
#include "cli/lists.h"
#include "cli/options.h"
#include "cli/policies.h"
#include "cli/sources.h"
#include "migtrace/commands.h"
#include "migtrace/lessons.h"
#include "migration.h"
#include "settings.h"

/* --methods. Return: OPTIONS_RUN or CMD_USAGE. */
static int methods_option(const struct command_usage *usage, struct migration *m, const char *text,
			  bool chosen)
{
	const unsigned flips = 1U << MT_METHOD_POSTCOPY | 1U << MT_METHOD_HYBRID;
	int status = list_methods(usage, text, &m->methods);

	if (status != OPTIONS_RUN || !text)
		return status;
	if (chosen || m->how.auto_converge)
		return options_error(
			usage,
			"--methods chooses: --auto-converge, --compression and --parallel do not go with it");
	if (!m->profile_path || !m->how.bandwidth_bytes_per_s)
		return options_error(
			usage,
			"--methods needs to know the guest and the link: give --profile, see migtrace record, and --bandwidth");
	if (m->methods & flips)
		return options_error(
			usage,
			"--methods: a flip is the policy's to decide: allow it by --postcopy, or take policy passes");
	return OPTIONS_RUN;
}

int cmd_migrate(int argc, char **argv)
{
	static struct migration m = {
		.limits = MT_LIMITS_UNSET,
		.options = SETTINGS_NONE,
	};
	uint64_t parallel = 0, initial = 0, increment = 0, level = 0, threads = 0;
	const char *compression = "none", *methods = NULL;
	const struct option_row rows[] = {
		{ "policy", 'p', OPTION_STRING, "NAME",
		  "who decides, see below (default " MT_POLICY_DEFAULT ")", &m.policy_name },
		{ "max-downtime", 'd', OPTION_LIMIT_MS, "DURATION",
		  "the guest may pause this long (default 500ms)", &m.limits.max_downtime_ms,
		  .min = MT_DOWNTIME_MIN_MS, .max = MT_DOWNTIME_MAX_MS },
		{ "deadline", 0, OPTION_LIMIT_OR_NONE, "DURATION",
		  "the migration may take this long (default none)", &m.limits.deadline_ms,
		  .min = 1 },
		{ "stall-timeout", 0, OPTION_LIMIT_OR_NONE, "DURATION",
		  "abort when nothing was sent for this long (default none: only a warning)",
		  &m.limits.stall_timeout_ms, .min = 1 },
		{ "command-every", 0, OPTION_LIMIT_MS, "DURATION",
		  "each kind of command is sent at most once in this long (default 1s)",
		  &m.limits.command_every_ms, .max = MT_MS_PER_S * 60 },
		{ "fixed", 0, OPTION_LIMIT_MS, "DURATION",
		  "the part of a pause that is not memory (default: as learned, or 120ms)",
		  &m.limits.fixed_ms, .max = MT_FIXED_MAX_MS },
		{ "history", 0, OPTION_STRING, "FILE",
		  "policies fm, am and am-listing learn from this recording of the guest, predict its phases", &m.history_path },
		{ "profile", 0, OPTION_STRING, "FILE",
		  "what the guest dirtied before, by migtrace record: used from the first pass on",
		  &m.profile_path },
		LESSONS_OPTION(&m.learned_path),
		TRAINED_OPTION(&m.trained_path),
		{ "postcopy", 0, OPTION_FLAG, NULL,
		  "allow post-copy: the guest is lost if a host or the link fails meanwhile",
		  &m.limits.postcopy_allowed },
		{ "bandwidth", 'b', OPTION_RATE_BYTES_PER_S, "RATE",
		  "what pre-copy may use of the link", &m.how.bandwidth_bytes_per_s },
		{ "postcopy-bandwidth", 0, OPTION_RATE_BYTES_PER_S, "RATE",
		  "what post-copy may use of it", &m.how.postcopy_bandwidth_bytes_per_s },
		{ "pull", 0, OPTION_STRING, "COMMAND",
		  "at a flip, have this fetch hot pages first: ssh HOST migtrace pull DOMAIN",
		  &m.pull_command },
		{ "postcopy-unsent", 0, OPTION_SIZE_BYTES, "SIZE",
		  "what QEMU's socket may hold that is not sent yet: faults wait behind it",
		  &m.unsent_bytes },
		{ "methods", 0, OPTION_STRING, "A,B",
		  "begin with the one of these that costs least, by --profile and --bandwidth",
		  &methods },
		{ "parallel", 0, OPTION_COUNT, "N", "use N connections; not with --postcopy",
		  &parallel, NULL, 255 },
		{ "auto-converge", 0, OPTION_FLAG, NULL, "let QEMU throttle the guest",
		  &m.how.auto_converge },
		{ "throttle-initial", 0, OPTION_COUNT, "PERCENT",
		  "first throttle of --auto-converge (QEMU: 20)", &initial, NULL, 99 },
		{ "throttle-increment", 0, OPTION_COUNT, "PERCENT",
		  "and what is added each time (QEMU: 10)", &increment, NULL, 99 },
		{ "compression", 0, OPTION_STRING, "METHOD",
		  "xbzrle, mt for zlib on several threads, or zstd with --parallel", &compression },
		{ "xbzrle-cache", 0, OPTION_SIZE_BYTES, "SIZE",
		  "memory that xbzrle may use (QEMU: 64 MiB)", &m.how.xbzrle_cache_bytes },
		{ "compress-level", 0, OPTION_COUNT, "N", "of mt, 1 (QEMU's default) to 9", &level,
		  NULL, 9 },
		{ "compress-threads", 0, OPTION_COUNT, "N", "of mt", &threads, NULL, 255 },
		{ "migrateuri", 0, OPTION_STRING, "URI",
		  "address that QEMU connects to, as in virsh", &m.how.migrate_uri },
		{ "unsafe", 0, OPTION_FLAG, NULL,
		  "also when libvirt considers the disks' caches unsafe", &m.how.unsafe },
		{ "persistent", 0, OPTION_FLAG, NULL, "define the guest at the destination",
		  &m.how.persistent },
		{ "undefinesource", 0, OPTION_FLAG, NULL, "undefine it at the source",
		  &m.how.undefine_source },
		{ "record", 'r', OPTION_STRING, "FILE", "write a recording", &m.record_path },
		{ "source", 0, OPTION_STRING, "NAME",
		  "kernel source: kmod, bpf, or libvirt for none (default: the best there is)",
		  &m.source_name },
		{ "no-metadata", 0, OPTION_FLAG, NULL,
		  "do not heed what the guest's metadata says of its migrations", &m.no_metadata },
		{ "dry-run", 'n', OPTION_FLAG, NULL, "migrate, decide and report, but do not act",
		  &m.dry_run },
	};
	const struct command_usage usage = {
		.name = "migrate",
		.synopsis = "DOMAIN DESTURI",
		.min_args = 2,
		.max_args = 2,
		.description = "Migrates DOMAIN live to the libvirt at DESTURI, peer to peer, and steers the migration:\n"
			       "observes each pass, predicts how it goes on, and lets the policy stop pre-copy, flip to\n"
			       "post-copy or abort. Ctrl-C cancels the migration, and the guest goes on at the source.",
		.examples = "  migtrace migrate web1 qemu+tls://host2/system\n"
			    "  migtrace migrate web1 qemu+tls://host2/system --max-downtime 800ms --deadline 10min\n"
			    "  migtrace migrate db1 qemu+tls://host2/system --postcopy --record db1.mtrec\n"
			    "  migtrace migrate db1 qemu+tls://host2/system --policy timeout --timeout 60s\n"
			    "  migtrace migrate db1 qemu+tls://host2/system --policy passes --passes 2 --postcopy\n",
		.more = policies_help,
		.uses = OPTIONS_CONNECT | OPTIONS_FORMAT,
		.rows = rows,
		.n_rows = MT_ARRAY_SIZE(rows),
		.params = &m.limits.params,
	};
	struct option_args args;
	struct mt_err err = { 0 };
	int status = options_parse(&usage, argc, argv, &m.common, &args);

	if (status != OPTIONS_RUN)
		return status;
	status = lessons_load(&m.experience, m.learned_path, m.common.uri, args.v[1]);
	if (status != OPTIONS_RUN)
		return status;
	status = trained_load(&m.limits.trained, m.trained_path);
	if (status != OPTIONS_RUN)
		return status;
	m.options.limits = m.limits;
	mt_experience_use(&m.experience, &m.limits);
	status = policy_option(&usage, "policy",
			       m.policy_name ? m.policy_name : MT_POLICY_DEFAULT, &m.policy);
	if (status != OPTIONS_RUN)
		return status;
	status = policy_params_check(&usage, m.policy, &m.limits.params);
	if (status != OPTIONS_RUN)
		return status;
	if (mt_policy_flips_at_once(m.policy, &m.limits) && !m.limits.postcopy_allowed)
		return options_error(
			&usage,
			"policy %s would flip to post-copy before a pass is done, so --postcopy is needed",
			m.policy->name);
	if ((m.pull_command || m.unsent_bytes) && !m.limits.postcopy_allowed)
		return options_error(&usage,
				     "--pull and --postcopy-unsent are for flips: give --postcopy");
	if (m.unsent_bytes > INT32_MAX)
		return options_error(&usage, "--postcopy-unsent: less than 2 GiB");
	if (mt_compression_parse(compression, &m.how.compression))
		return options_error(&usage, "--compression %s is unknown: xbzrle, mt or zstd",
				     compression);
	status = methods_option(&usage, &m, methods, parallel || strcmp(compression, "none"));
	if (status != OPTIONS_RUN)
		return status;
	if (mt_limits_check(m.policy, &m.limits, limits_tell, &err))
		return options_error(&usage, "%s", err.msg);
	if (m.policy_name)
		m.options.policy = m.policy;
	status = source_option(&usage, m.source_name);
	if (status != OPTIONS_RUN)
		return status;
	m.how.parallel = (unsigned)parallel;
	m.how.throttle_initial_percent = (unsigned)initial;
	m.how.throttle_increment_percent = (unsigned)increment;
	m.how.compress_level = (unsigned)level;
	m.how.compress_threads = (unsigned)threads;
	return migration_run(&m, args.v);
}
