// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * main.c - migtraced: options, signals, and what belongs to what
 *
 * The main thread runs sd-event: signals, the control socket, systemd. It never
 * calls libvirt; the manager's threads do.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "base/clock.h"
#include "base/json.h"
#include "config.h"
#include "control.h"
#include "health.h"
#include "log.h"
#include "manager.h"
#include "web.h"

/*
 * Stopping may take 2 s in all; a call of libvirt's blocks up to 1.4 s when a migration completes.
 */
/* and 8 s more where a guest is stopped for its last pages: see TimeoutStopSec= */
#define STOP_MS	1600
#define LOG_MS	300	/* for whoever reads the log to take the last lines */

enum { EXIT_USAGE = 2 };

struct daemon {
	const char *path;
	bool path_given;
	struct config *config;
	sd_event *event;
	struct manager *manager;
	sd_event_source *manager_changed;
	struct control *control;
	struct web *web;		/* NULL: none is wanted */
	sd_event_source *web_wanted, *web_watched;
	char summary[160];
};

/* --- the configuration -------------------------------------------------- */

static void print_line(const char *line, void *opaque)
{
	fprintf(stderr, "migtraced: %s\n", line);
}

static void print_warning(const char *line, void *opaque)
{
	fprintf(stderr, "migtraced: warning: %s\n", line);
}

/* Into the log, and into a JSON array if there is one. */
static void tell_line(const char *line, void *lines)
{
	log_err("%s", line);
	if (lines)
		json_array_append_new(lines, mt_json_string(line));
}

static void tell_note(const char *line, void *notes)
{
	log_warn("%s", line);
	if (notes)
		json_array_append_new(notes, mt_json_string(line));
}

static bool reload(struct daemon *d, json_t *errors, json_t *notes)
{
	struct config *new;
	int ret;

	sd_notify(0, "RELOADING=1");
	ret = config_load(&new, d->path,
			  CONFIG_NO_LOOKUP |
				  (d->path_given || d->config->path ? CONFIG_MUST_EXIST : 0),
			  tell_line, errors);
	if (!ret) {
		ret = config_keep(new, d->config, tell_note, notes);
		if (ret)
			config_put(new);
	}
	if (ret) {
		log_err("%s: not accepted; the configuration stays as it was", d->path);
	} else {
		config_warnings(new, tell_note, notes);
		log_info(
			"%s: in effect for migrations that begin from now on: mode %s, policy %s; where it says observe, at once",
			new->path ? new->path : "defaults", mt_mode_name(new->guest.mode),
			new->guest.policy->name);
		manager_set_config(d->manager, new);
		config_put(d->config);
		d->config = new;
	}
	sd_notify(0, "READY=1");
	return !ret;
}

/* --- requests ----------------------------------------------------------- */

static json_t *answer_status(void *opaque, const char *args, const struct control_peer *peer)
{
	struct daemon *d = opaque;
	json_t *status = manager_status(d->manager);

	if (status)
		json_object_set_new(status, "threads", health_status(mt_now_ns()));
	return status;
}

static json_t *answer_reload(void *opaque, const char *args, const struct control_peer *peer)
{
	json_t *errors = json_array(), *notes = json_array();
	bool ok = reload(opaque, errors, notes);

	return json_pack("{s:b, s:o, s:o}", "reloaded", ok, "errors", errors, "notes", notes);
}

/* "UUID", "NAME", or "--all" */
static json_t *answer_hands(struct daemon *d, const char *who, bool off)
{
	char uuid[VIR_UUID_STRING_BUFLEN] = "";
	struct mt_err err = { 0 };
	bool all = !strcmp(who, "--all");

	if (manager_release(d->manager, all ? NULL : who, off, uuid, sizeof(uuid), &err))
		return json_pack("{s:o}", "error", mt_json_string(err.msg));
	log_info("%s: %s", all ? "all guests" : who,
		 off ? "hands off, as asked over the socket" : "may be acted upon again");
	return json_pack("{s:b, s:b, s:o}", off ? "released" : "undone", 1, "all", all, "uuid",
			 mt_json_string(all ? NULL : uuid));
}

static json_t *answer_release(void *opaque, const char *args, const struct control_peer *peer)
{
	return answer_hands(opaque, args, true);
}

static json_t *answer_undo(void *opaque, const char *args, const struct control_peer *peer)
{
	return answer_hands(opaque, args, false);
}

static json_t *answer_ping(void *opaque, const char *args, const struct control_peer *peer)
{
	return json_pack("{s:b, s:s, s:i}", "pong", 1, "version", MT_VERSION, "pid", (int)getpid());
}

static const struct control_request requests[] = {
	{ "status", NULL, "what is supervised, and what ended", false, answer_status },
	{ "reload", NULL, "read the configuration again, as SIGHUP", true, answer_reload },
	{ "release", "UUID, NAME or --all", "hands off a migration, or all, at once", true,
	  answer_release },
	{ "undo", "UUID, NAME or --all", "undoes a release", true, answer_undo },
	{ "ping", NULL, "whether it answers", false, answer_ping },
	{ NULL },
};

/* --- events ------------------------------------------------------------- */

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *si, void *opaque)
{
	log_info("stopping on %s", si->ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT");
	return sd_event_exit(sd_event_source_get_event(source), 0);
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *si, void *opaque)
{
	reload(opaque, NULL, NULL);
	return 0;
}

static void tell_systemd(struct daemon *d)
{
	char summary[sizeof(d->summary)];

	manager_summary(d->manager, summary, sizeof(summary));
	if (strcmp(summary, d->summary))
		sd_notifyf(0, "STATUS=%s", summary);
	memcpy(d->summary, summary, sizeof(summary));
}

static int on_changed(sd_event_source *source, int fd, uint32_t revents, void *opaque)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return -errno;
	tell_systemd(opaque);
	return 0;
}

/* --- the web ------------------------------------------------------------ */

static int on_web_wanted(sd_event_source *source, int fd, uint32_t revents, void *opaque)
{
	struct daemon *d = opaque;
	uint64_t count;

	if (read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return -errno;
	web_publish(d->web, answer_status(d, "", NULL));
	return 0;
}

static int on_web_watched(sd_event_source *source, uint64_t usec, void *opaque)
{
	struct daemon *d = opaque;

	if (web_is_streaming(d->web))
		web_publish(d->web, answer_status(d, "", NULL));
	sd_event_source_set_time_relative(source, WEB_PUBLISH_MS * 1000);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int start_web(struct daemon *d)
{
	struct mt_err err = { 0 };
	int ret;

	if (!*d->config->web)
		return 0;
	ret = web_open(&d->web, d->config->web, d->config->socket_mode, d->config->group.gid,
		       &err);
	if (ret) {
		log_err("%s", err.msg);
		return ret;
	}
	ret = sd_event_add_io(d->event, &d->web_wanted, web_wanted_fd(d->web), EPOLLIN,
			      on_web_wanted, d);
	if (ret >= 0)
		ret = sd_event_add_time_relative(d->event, &d->web_watched, CLOCK_MONOTONIC,
						 WEB_PUBLISH_MS * 1000, 0, on_web_watched, d);
	if (ret < 0)
		log_err("cannot serve the web: %s", strerror(-ret));
	else
		log_info("serving the web on %s", d->config->web);
	return ret < 0 ? ret : 0;
}

static void stop_web(struct daemon *d)
{
	sd_event_source_disable_unref(d->web_wanted);
	sd_event_source_disable_unref(d->web_watched);
	web_close(d->web);
}

/* --- the whole ---------------------------------------------------------- */

static void block_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	/* Before the first thread: all inherit it, and sd-event alone reads them. */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static int start(struct daemon *d)
{
	const struct config *config = d->config;
	struct mt_err err = { 0 };
	int ret = sd_event_default(&d->event);

	if (ret >= 0)
		ret = sd_event_add_signal(d->event, NULL, SIGTERM, on_stop, d);
	if (ret >= 0)
		ret = sd_event_add_signal(d->event, NULL, SIGINT, on_stop, d);
	if (ret >= 0)
		ret = sd_event_add_signal(d->event, NULL, SIGHUP, on_hangup, d);
	if (ret >= 0)
		ret = health_watchdog(d->event);
	if (ret < 0) {
		log_err("no event loop: %s", strerror(-ret));
		return ret;
	}
	ret = control_open(&d->control, d->event, config->socket, config->socket_mode,
			   config->group.gid, requests, d, &err);
	if (ret) {
		log_err("%s", err.msg);
		return ret;
	}
	ret = start_web(d);
	if (!ret)
		ret = manager_new(&d->manager, d->config);
	if (!ret)
		ret = sd_event_add_io(d->event, &d->manager_changed, manager_changed_fd(d->manager),
				      EPOLLIN, on_changed, d);
	if (ret < 0)
		log_err("cannot start: %s", strerror(-ret));
	return ret < 0 ? ret : 0;
}

static int run(struct daemon *d)
{
	int ret = log_start();

	if (ret)
		log_err("cannot start: no thread for the log: %s", strerror(-ret));
	else
		ret = start(d);
	if (!ret) {
		log_info("migtraced " MT_VERSION
			 ": mode %s, policy %s, configuration %s, socket %s",
			 mt_mode_name(d->config->guest.mode), d->config->guest.policy->name,
			 d->config->path ? d->config->path : "built in", d->config->socket);
		sd_notify(0, "READY=1");
		tell_systemd(d);
		ret = sd_event_loop(d->event);
		sd_notify(0, "STOPPING=1");
	}
	sd_event_source_disable_unref(d->manager_changed);
	stop_web(d);
	if (d->manager && manager_stop(d->manager, STOP_MS)) {
		/* What is recorded is on disk. Threads that hang in a call end with us. */
		log_warn("libvirt, a guest or a disk does not answer: not waiting for it");
		control_close(d->control);
		log_flush(LOG_MS);
		_exit(ret < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
	}
	control_close(d->control);
	sd_event_unref(d->event);
	return ret < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static void help(void)
{
	fputs("Usage: migtraced [OPTION...]\n\n"
	      "Watches every live migration that leaves this host, predicts it, records it and,\n"
	      "if it is allowed to act, steers it. Stays in the foreground.\n\n"
	      "Options:\n"
	      "  -C, --config FILE  read FILE instead of " CONFIG_DEFAULT_PATH "\n"
	      "  -n, --check        check the configuration, print what is in effect, and exit\n"
	      "  -v, --verbose      log more\n"
	      "  -h, --help         this text\n"
	      "  -V, --version      the version\n\n"
	      "Exit status: 0 ok, 1 failed, 2 wrong usage.\n", stdout);
}

static int usage_error(void)
{
	fputs("migtraced: see migtraced --help\n", stderr);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'C' },
		{ "check", no_argument, NULL, 'n' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	struct daemon d = { .path = CONFIG_DEFAULT_PATH };
	bool check = false, verbose = false;
	int letter, status;

	while ((letter = getopt_long(argc, argv, "C:nvhV", options, NULL)) != -1) {
		switch (letter) {
		case 'C':
			d.path = optarg;
			d.path_given = true;
			break;
		case 'n':
			check = true;
			break;
		case 'v':
			verbose = true;
			break;
		case 'h':
			help();
			return EXIT_SUCCESS;
		case 'V':
			puts("migtraced " MT_VERSION);
			return EXIT_SUCCESS;
		default:
			return usage_error();
		}
	}
	if (optind < argc) {
		fprintf(stderr, "migtraced: unexpected argument \"%s\"\n", argv[optind]);
		return usage_error();
	}

	log_init(verbose);
	if (config_load(&d.config, d.path, d.path_given ? CONFIG_MUST_EXIST : 0,
			check ? print_line : tell_line, NULL))
		return EXIT_FAILURE;
	config_warnings(d.config, check ? print_warning : tell_note, NULL);
	if (check) {
		config_print(d.config, stdout);
		status = fflush(stdout) || ferror(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
	} else {
		block_signals();
		status = run(&d);
		log_flush(LOG_MS);
	}
	config_put(d.config);
	return status;
}
