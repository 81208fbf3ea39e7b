// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * campaign_guest.c - the hosts and the guest of a campaign: started, profiled, asked, found again
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/units.h"
#include "cli/cmd.h"
#include "cli/recording_load.h"
#include "store/history.h"
#include "watch/profiling.h"
#include "campaign.h"

/* Inferred: on a host that is itself emulated all takes ten times as long. */
#define UP_S		180
#define START_S		240
#define STOP_S		60
#define LINK_S		30
#define WATCH_S		120
#define FIND_MS		15000
#define FIND_EVERY_MS	100

static int command(struct campaign *c, const char *what, const char *line, unsigned timeout_s,
		   char *out, size_t size, struct mt_err *err)
{
	int rc = campaign_command(line, NULL, &c->env, c->state.log_fd, timeout_s, out, size, err);

	if (rc > 0)
		rc = mt_err_set(err, -EIO, "%s: %s: exit status %d; %s/log says more", what, line,
				rc, c->state.dir);
	return rc;
}

int campaign_up(struct campaign *c, struct mt_err *err)
{
	char out[2048], *save = NULL;
	unsigned n = 0;
	int rc = command(c, "up", c->spec.up_command, UP_S, out, sizeof(out), err);

	if (rc)
		return rc;
	for (char *line = strtok_r(out, "\n", &save); line && n < 2;
	     line = strtok_r(NULL, "\n", &save)) {
		struct campaign_host *h = &c->hosts[n];

		if (sscanf(line, "%15s %255s %255s %255s", h->name, h->control, h->peer,
			   h->migrate_uri) != 4)
			return mt_err_set(
				err, -EBADMSG,
				"up: %s: \"%s\" is not NAME CONTROL-URI PEER-URI MIGRATE-URI",
				c->spec.up_command, line);
		n++;
	}
	if (n != 2)
		return mt_err_set(err, -EBADMSG, "up: %s named %u hosts; two are needed",
				  c->spec.up_command, n);
	for (unsigned i = 0; i < 2 && !rc; i++)
		rc = mt_conn_open(&c->hosts[i].conn, c->hosts[i].control, err);
	return rc;
}

static int set_link_env(struct campaign *c, uint64_t bytes_per_s)
{
	const struct {
		const char *name;
		uint64_t value;
	} of[] = {
		{ "MIGTRACE_LINK_BYTES_PER_S", bytes_per_s },
		{ "MIGTRACE_LINK_DELAY_MS", c->spec.delay_ms },
		{ "MIGTRACE_LINK_LOSS_PERMILLE", c->spec.loss_permille },
	};
	int rc = 0;

	for (size_t i = 0; i < MT_ARRAY_SIZE(of) && !rc; i++)
		rc = campaign_env_set(&c->env, of[i].name, "%" PRIu64, of[i].value);
	return rc;
}

int campaign_link(struct campaign *c, uint64_t bytes_per_s, struct mt_err *err)
{
	char out[256];
	int rc;

	if (c->link_bytes_per_s == bytes_per_s)
		return 0;
	c->link_bytes_per_s = 0;
	if (set_link_env(c, bytes_per_s))
		return mt_err_set(err, -ENOMEM, "out of memory");
	rc = command(c, "link", c->spec.link_command, LINK_S, out, sizeof(out), err);
	if (!rc)
		c->link_bytes_per_s = bytes_per_s;
	return rc;
}

int campaign_watch(struct campaign *c, const char *const *words, struct campaign_answer *answer,
		   struct mt_err *err)
{
	char out[8192];
	int rc = campaign_command(c->spec.watch_command, words, &c->env, c->state.log_fd, WATCH_S,
				  out, sizeof(out), err);

	if (rc >= 0 && campaign_answer_parse(answer, out))
		return mt_err_set(err, -EBADMSG, "watch: %s %s: exit status %d, no answer",
				  c->spec.watch_command, words[0], rc);
	return rc < 0 ? rc : 0;
}

/* --- starting and stopping --------------------------------------------------- */
static int set_env(struct campaign *c, const struct campaign_start *s)
{
	const struct campaign_guest *g = s->guest;
	const struct campaign_workload *w = s->workload;
	struct campaign_env *e = &c->env;
	int rc = campaign_env_set(e, "MIGTRACE_GUEST", "%s", c->domain.name);

	rc = rc ? rc : campaign_env_set(e, "MIGTRACE_TYPE", "%s", g->type);
	rc = rc ? rc :
		  campaign_env_set(e, "MIGTRACE_MEMORY_MIB", "%" PRIu64,
				   (uint64_t)(g->memory_bytes / MT_MIB));
	rc = rc ? rc : campaign_env_set(e, "MIGTRACE_VCPUS", "%" PRIu64, g->vcpus);
	rc = rc ? rc :
		  campaign_env_set(e, "MIGTRACE_RING", "%" PRIu64,
				   strcmp(g->logging, "ring") ? 0 : g->ring_entries);
	rc = rc ? rc : campaign_env_set(e, "MIGTRACE_IMAGE", "%s", w->image);
	return rc ? rc : campaign_env_set(e, "MIGTRACE_COMMAND_LINE", "%s", w->command_line);
}

void campaign_guest_stop(struct campaign *c)
{
	struct mt_err err = { 0 };
	char out[256];

	if (!*c->domain.name)
		return;
	if (command(c, "stop", c->spec.stop_command, STOP_S, out, sizeof(out), &err))
		cmd_warn("%s", err.msg);
	c->domain.name[0] = '\0';
	c->start = NULL;
	mt_history_fini(&c->history);
}

int campaign_guest_start(struct campaign *c, const struct campaign_start *start, struct mt_err *err)
{
	char out[256];
	int rc;

	c->start = start;
	/* Short: the names of sockets are made of it. */
	snprintf(c->domain.name, sizeof(c->domain.name), "campaign-%u", start->runs[0].number);
	c->side = 0;
	if (set_env(c, start))
		return mt_err_set(err, -ENOMEM, "out of memory");
	rc = command(c, "start", c->spec.start_command, START_S, out, sizeof(out), err);
	return rc ? rc : campaign_guest_find(c, err);
}

/* --- finding --------------------------------------------------------------- */
static bool runs_at(struct campaign *c, unsigned side, struct mt_domain_info *info)
{
	struct mt_err ignored = { 0 };

	return !mt_domain_find(c->hosts[side].conn, c->domain.name, info, &ignored) &&
		(info->state == VIR_DOMAIN_RUNNING || info->state == VIR_DOMAIN_BLOCKED) &&
		!info->migrating_in && !info->migrating_out;
}

int campaign_guest_find(struct campaign *c, struct mt_err *err)
{
	uint64_t until_ns = mt_now_ns() + FIND_MS * MT_NS_PER_MS;

	/* What a migration left behind may take a moment to go. */
	do {
		struct mt_domain_info info[2];
		bool at[2] = { runs_at(c, 0, &info[0]), runs_at(c, 1, &info[1]) };

		if (at[0] != at[1]) {
			c->side = at[1];
			c->domain = info[c->side];
			return 0;
		}
		usleep(FIND_EVERY_MS * 1000);
	} while (mt_now_ns() < until_ns && !c->cancel);
	return mt_err_set(err, -ENOENT, "%s does not run at one of the hosts", c->domain.name);
}

/* --- profiling ----------------------------------------------------------------- */
static int free_name(struct campaign *c, char *path, size_t size, struct mt_err *err)
{
	for (unsigned i = 1; i < 1000; i++) {
		char suffix[16] = "";

		if (i > 1)
			snprintf(suffix, sizeof(suffix), "-%u", i);
		snprintf(c->profile, sizeof(c->profile), "profiles/%s-%s%s" MT_RECORD_SUFFIX,
			 c->start->guest->name, c->start->workload->name, suffix);
		snprintf(path, size, "%s/%s", c->state.dir, c->profile);
		if (!access(path, F_OK))
			continue;
		strncat(path, ".part", size - strlen(path) - 1);
		unlink(path);		/* of a profile that was cut off: the directory is locked,
					 * so it is nobody's */
		path[strlen(path) - strlen(".part")] = '\0';
		return 0;
	}
	return mt_err_set(err, -EEXIST, "%s/profiles is full of profiles of %s", c->state.dir,
			  c->start->guest->name);
}

static int read_history(struct campaign *c, const char *path, struct mt_err *err)
{
	struct mt_recording *rec;
	int rc = recording_load(&rec, path, err);

	mt_history_fini(&c->history);
	if (rc)
		return rc;
	rc = mt_history_of(&c->history, rec, MT_SLOT_S);
	mt_recording_free(rec);
	if (rc == -ENODATA)
		cmd_warn("%s: no ticks in it, so no history", path);
	else if (rc)
		return mt_err_set(err, rc, "%s: %s", path, strerror(-rc));
	return 0;
}

int campaign_guest_profile(struct campaign *c, struct mt_err *err)
{
	struct campaign_host *h = &c->hosts[c->side];
	enum mt_ending ending = MT_ENDING_FAILED;
	char path[4096];
	struct mt_profiling p = {
		.path = path,
		.source_name = strcmp(c->spec.source, "auto") ? c->spec.source : NULL,
		.duration_ms = c->spec.profile_ms,
		.automatic = true,
		.coarse = true,
		.mode = mt_dirtyrate_mode_of(c->domain.type, c->domain.dirty_ring_entries),
		.conn = h->conn,
		.domain = c->domain,
		.peer = h->peer,
	};
	int id, rc = free_name(c, path, sizeof(path), err);

	if (rc)
		return rc;
	p.inbox = mt_inbox_new();
	if (!p.inbox)
		return mt_err_set(err, -ENOMEM, "out of memory");
	id = mt_conn_subscribe(h->conn, c->domain.uuid, mt_inbox_post, p.inbox);
	rc = id < 0 ? mt_err_set(err, id, "cannot watch %s: %s", c->domain.name, strerror(-id)) :
		      mt_profiling_open(&p, err);
	if (!rc)
		ending = mt_profiling_run(&p, err);
	if (id >= 0)
		mt_conn_unsubscribe(h->conn, id);
	mt_inbox_free(p.inbox);
	if (rc)
		return rc;
	if (ending != MT_ENDING_DONE || !p.measured) {
		mt_profiling_discard(&p);
		return mt_err_set(err, -EIO, "no profile of %s", c->domain.name);
	}
	rc = mt_recorder_close(p.recorder, err);
	return rc || !c->spec.history ? rc : read_history(c, path, err);
}
