// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * webpage.c - migtraced's page over the hypervisors of the tests, for a browser
 *
 *	webpage ADDRESS
 *
 * Two guests migrate, in the machine's own time: one that ends, whose name would like to be a
 * picture with a script, and one that does not. Served at ADDRESS (see listener.h) until standard
 * input ends.
 */
#include <poll.h>
#include <stdio.h>

#include "migtraced/web.h"
#include "process.h"
#include "trace.h"
#include "truth.h"

static struct fake_guest *make_guest(const char *name, const char *pattern)
{
	struct fake_guest *g = fake_guest_new(name);
	struct fake_how *how = &fake_hows[g->index];

	g->pattern = pattern;
	g->memory_bytes = 12 << 20;
	g->link_bytes_per_s = 4e6;
	how->observe = true;
	how->policy = mt_policy_find("predict");
	how->limits = (struct mt_limits)MT_LIMITS_UNSET;
	how->limits.max_downtime_ms = 300;
	how->limits.fixed_ms = 50;
	how->limits.deadline_ms = MT_LIMIT_NONE;
	return g;
}

static json_t *status(struct fake_process *p)
{
	mt_autofree char *text = fake_daemon_status(p);

	return text ? json_loads(text, 0, NULL) : NULL;
}

int main(int argc, char **argv)
{
	struct fake_guest *ends, *goes_on;
	struct fake_process *p;
	struct mt_err err = { 0 };
	struct web *web;

	if (argc != 2) {
		fputs("usage: webpage ADDRESS\n", stderr);
		return 2;
	}
	fake_world_begin_real(1, 1);
	fake_hv_begin();
	fake_processes_reset();
	fake_directory_make();
	fake_setup.max_stopped = 2;
	truth_reset(2);
	if (web_open(&web, argv[1], 0600, (gid_t)-1, &err)) {
		fprintf(stderr, "%s\n", err.msg);
		return 1;
	}
	ends = make_guest("<img src=x onerror=alert(1)>\"'&",
			  "uniform:region=2M,rate=100/s,seed=1");
	goes_on = make_guest("goes-on", "uniform:region=4M,rate=3000/s,seed=1");
	p = fake_daemon_start("migtraced");
	mt_sleep_ms(1000);
	fake_guest_migrate(ends, NULL, NULL);
	fake_guest_migrate(goes_on, NULL, NULL);
	for (;;) {
		struct pollfd fds[] = { { .fd = 0, .events = POLLIN },
					{ .fd = web_wanted_fd(web), .events = POLLIN } };
		uint64_t ignored;

		poll(fds, 2, WEB_PUBLISH_MS);
		if (fds[0].revents)
			break;
		if (fds[1].revents && read(fds[1].fd, &ignored, sizeof(ignored)) < 0)
			break;
		if (fds[1].revents || web_is_streaming(web))
			web_publish(web, status(p));
	}
	web_close(web);
	fake_directory_remove();
	_exit(truth_violation() ? 1 : 0);
}
