// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cmd_status.c - what migtraced does at the moment, as it says itself
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "base/utf8.h"
#include "cli/cmd.h"
#include "cli/options.h"
#include "commands.h"

#define DEFAULT_SOCKET	"/run/migtrace/control.sock"
#define ANSWER_S	5		/* a daemon answers in milliseconds; a stopped one never */
#define ANSWER_MAX	(4 * MT_MIB)	/* a thousand migrations take less */

/* Columns of the two tables; text shows those that have a title. */
static const struct mt_column supervised_columns[] = {
	{ "domain", "DOMAIN", MT_SHOW_PLAIN },
	{ "uuid", NULL, MT_SHOW_PLAIN },
	{ "mode", "MODE", MT_SHOW_PLAIN },
	{ "policy", "POLICY", MT_SHOW_PLAIN },
	{ "status", "STATUS", MT_SHOW_PLAIN },
	{ "iteration", "PASS", MT_SHOW_PLAIN },
	{ "total_ms", "TIME", MT_SHOW_DURATION_MS },
	{ "remaining_bytes", "REMAINING", MT_SHOW_SIZE_BYTES },
	{ "bandwidth_bytes_per_s", "BANDWIDTH", MT_SHOW_RATE_BYTES_PER_S },
	{ "dirty_pages_per_s", "DIRTY PAGES/S", MT_SHOW_PLAIN },
	{ "verdict", "VERDICT", MT_SHOW_PLAIN },
	{ "action", "ACTION", MT_SHOW_PLAIN },
	{ "reason", NULL, MT_SHOW_PLAIN },
	{ "note", NULL, MT_SHOW_PLAIN },
	{ "recording", NULL, MT_SHOW_PLAIN },
	{ "kernel_source", "KERNEL SOURCE", MT_SHOW_PLAIN },
	{ "stage", "STAGE", MT_SHOW_PLAIN },
	{ "mode_why", NULL, MT_SHOW_PLAIN },
	{ "recording_dropped", NULL, MT_SHOW_PLAIN },
};

static const struct mt_column finished_columns[] = {
	{ "domain", "DOMAIN", MT_SHOW_PLAIN },
	{ "outcome", "OUTCOME", MT_SHOW_PLAIN },
	{ "total_ms", "TIME", MT_SHOW_DURATION_MS },
	{ "downtime_ms", "DOWNTIME", MT_SHOW_DURATION_MS },
	{ "transferred_bytes", "SENT", MT_SHOW_SIZE_BYTES },
	{ "recording", "RECORDING", MT_SHOW_PLAIN },
};

#define COLUMNS_MAX	20
_Static_assert(MT_ARRAY_SIZE(supervised_columns) <= COLUMNS_MAX, "COLUMNS_MAX is too small");
_Static_assert(MT_ARRAY_SIZE(finished_columns) <= COLUMNS_MAX, "COLUMNS_MAX is too small");

/* --- asking ----------------------------------------------------------- */

static int connect_error(struct mt_err *err, const char *path, int code)
{
	switch (code) {
	case ENOENT:
	case ECONNREFUSED:
		return mt_err_set(err, -code,
				  "no migtraced answers on %s: start it, or give --socket PATH",
				  path);
	case EACCES:
		return mt_err_set(
			err, -code,
			"%s: not allowed: be root or in its group ([control] group of migtraced.conf)",
			path);
	default:
		return mt_err_set(err, -code, "%s: %s", path, strerror(code));
	}
}

static int connect_to(const char *path, struct mt_err *err)
{
	const struct timeval timeout = { .tv_sec = ANSWER_S };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, code;

	if (strlen(path) >= sizeof(address.sun_path))
		return mt_err_set(err, -ENAMETOOLONG, "%s: too long for a socket's path", path);
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return mt_err_set(err, -errno, "no socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address))) {
		code = errno;
		close(fd);
		return connect_error(err, path, code);
	}
	return fd;
}

/* One line, without its end; the caller's to free(). */
static int read_line(int fd, const char *path, char **line, struct mt_err *err)
{
	size_t size = 0, len = 0;
	char *buf = NULL;

	for (;;) {
		ssize_t n;

		if (len + 1 >= size) {
			char *more = size < ANSWER_MAX ? realloc(buf, size + 65536) : NULL;

			if (!more) {
				free(buf);
				return mt_err_set(err, -EMSGSIZE, "%s: the answer has no end",
						  path);
			}
			buf = more;
			size += 65536;
		}
		n = recv(fd, buf + len, size - len - 1, 0);
		if (n <= 0) {
			int code = !n ? ECONNRESET : errno;

			free(buf);
			if (code == EAGAIN)
				return mt_err_set(err, -ETIMEDOUT,
						  "%s: migtraced does not answer within %d s", path,
						  ANSWER_S);
			return mt_err_set(err, -code, "%s: migtraced went away: %s", path,
					  strerror(code));
		}
		len += n;
		buf[len] = '\0';
		if (memchr(buf + len - n, '\n', n)) {
			*line = buf;
			return 0;
		}
	}
}

static int ask(const char *path, json_t **answer, struct mt_err *err)
{
	static const char request[] = "status\n";
	mt_autoclose int fd = connect_to(path, err);
	mt_autofree char *line = NULL;
	const char *error;
	json_error_t where;
	int ret;

	if (fd < 0)
		return fd;
	if (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0)
		return mt_err_set(err, -errno, "%s: %s", path, strerror(errno));
	ret = read_line(fd, path, &line, err);
	if (ret)
		return ret;
	*answer = json_loads(line, 0, &where);
	if (!json_is_object(*answer)) {
		json_decref(*answer);
		return mt_err_set(err, -EBADMSG, "%s: what answers there is no migtraced", path);
	}
	error = json_string_value(json_object_get(*answer, "error"));
	if (error) {
		mt_err_set(err, -EPROTO, "%s: %s", path, error);
		json_decref(*answer);
		return -EPROTO;
	}
	return 0;
}

/* --- showing ---------------------------------------------------------- */

static struct mt_cell cell_of(const json_t *value)
{
	if (json_is_string(value))
		return MT_STR(json_string_value(value));
	if (json_is_integer(value))
		return MT_UINT((uint64_t)json_integer_value(value));
	if (json_is_real(value))
		return MT_DOUBLE(json_real_value(value));
	if (json_is_boolean(value))
		return MT_BOOL(json_is_true(value));
	return MT_NONE;
}

static int show_table(enum mt_format format, const struct mt_column *columns, size_t n_columns,
		      const json_t *rows)
{
	struct mt_table *t = mt_table_new(stdout, format, columns, n_columns);
	struct mt_cell cells[COLUMNS_MAX];
	int ret = t ? 0 : -ENOMEM, finished;

	for (size_t i = 0; t && !ret && i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);

		for (size_t k = 0; k < n_columns; k++)
			cells[k] = cell_of(json_object_get(row, columns[k].key));
		ret = mt_table_row(t, cells);
	}
	finished = t ? mt_table_finish(t) : 0;
	return ret ? ret : finished;
}

/* What another process says goes to a terminal: no control characters. */
static void show_text(const char *before, const json_t *text, const char *otherwise,
		      const char *after)
{
	mt_autofree char *clean =
		json_is_string(text) ? mt_utf8_clean(json_string_value(text)) : NULL;

	printf("%s%s%s", before, clean ? clean : otherwise, after);
}

static void show_reasons(const json_t *rows)
{
	static const struct { const char *key, *before; } keys[] = {
		{ "mode_why", "not acted upon: " }, { "reason", "" }, { "note", "" },
	};
	size_t i;
	json_t *row;

	json_array_foreach(rows, i, row) {
		for (size_t k = 0; k < MT_ARRAY_SIZE(keys); k++) {
			if (!json_is_string(json_object_get(row, keys[k].key)))
				continue;
			show_text("", json_object_get(row, "domain"), "?", ": ");
			show_text(keys[k].before, json_object_get(row, keys[k].key), "", "\n");
		}
	}
}

/* What is not as by default, and who has set it. */
static void show_settings(const json_t *rows)
{
	const json_t *settings;
	json_t *row, *one;
	size_t i, k;

	json_array_foreach(rows, i, row) {
		settings = json_object_get(row, "settings");
		if (!json_array_size(settings))
			continue;
		show_text("", json_object_get(row, "domain"), "?", ":");
		json_array_foreach(settings, k, one) {
			show_text(k ? ", " : " ", json_object_get(one, "key"), "?", " ");
			show_text("", json_object_get(one, "value"), "?", "");
			show_text(" (", json_object_get(one, "from"), "?", ")");
		}
		putchar('\n');
	}
}

static const char *age_of(char *buf, const json_t *o, const char *key)
{
	return mt_format_duration_ms(buf, (double)json_integer_value(json_object_get(o, key)));
}

/* Who does not get on, and since when: threads of the daemon, and what they ask of guests. */
static void show_stuck(const json_t *threads, const json_t *stuck)
{
	char age[MT_UNIT_STR];
	size_t i;
	json_t *t;

	json_array_foreach(threads, i, t) {
		if (!json_is_true(json_object_get(t, "stuck")))
			continue;
		show_text("stuck:   ", json_object_get(t, "thread"), "?", "");
		show_text(", for ", NULL, age_of(age, t, "for_ms"), "");
		show_text(": ", json_object_get(t, "what"), "at work of its own", "\n");
	}
	json_array_foreach(stuck, i, t) {
		show_text("stuck:   ",
			  json_object_get(t, json_is_string(json_object_get(t, "domain")) ?
						     "domain" :
						     "uuid"),
			  "?", "");
		if (json_is_integer(json_object_get(t, "since_ms")))
			show_text(", for ", NULL, age_of(age, t, "since_ms"), "");
		show_text(": ", json_object_get(t, "what"), "?", "\n");
	}
}

/* Guests that are stopped for their last pages. */
static void show_guarded(const json_t *guarded)
{
	char stopped[MT_UNIT_STR], due[MT_UNIT_STR];
	size_t i;
	json_t *g;

	json_array_foreach(guarded, i, g) {
		show_text("guard:   ", json_object_get(g, "domain"), "?", "");
		printf(" stopped for %s", age_of(stopped, g, "stopped_ms"));
		if (json_is_true(json_object_get(g, "giving_back")))
			fputs(", due: being given back", stdout);
		else
			printf(", given back in %s unless it has moved by then",
			       age_of(due, g, "due_ms"));
		fputs(json_is_true(json_object_get(g, "adopted")) ?
			      ", by a process that has ended" :
			      "",
		      stdout);
		show_text(": ", json_object_get(g, "text"), "no trouble", "\n");
	}
}

/* Whether anything is done at all, and what of it is at present. */
static void show_hands(const json_t *answer)
{
	const json_t *hands = json_object_get(answer, "hands");

	if (!json_is_object(hands))
		return;
	fputs("acts:    ", stdout);
	if (!json_is_true(json_object_get(answer, "acts")))
		fputs("no: no rule says so", stdout);
	else if (json_is_true(json_object_get(hands, "released_all")))
		fputs("no: hands off all migrations, until migtrace release --all --undo", stdout);
	else if (json_is_true(json_object_get(hands, "may_act")))
		fputs("yes, where a rule says so", stdout);
	else
		show_text("no: ", json_object_get(hands, "why"), "not yet", "");
	printf("; stopped at once: %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT "\n",
	       json_integer_value(json_object_get(hands, "stopped")),
	       json_integer_value(json_object_get(hands, "max_stopped")));
	show_guarded(json_object_get(hands, "guarded"));
}

static void show_lost(const json_t *answer)
{
	json_int_t lost = json_integer_value(json_object_get(answer, "log_lost"));

	if (lost)
		printf("log:     %" JSON_INTEGER_FORMAT " line%s lost: nobody read them in time\n",
		       lost, lost == 1 ? "" : "s");
}

/* Only where something is wrong with it. */
static void show_history(const json_t *history)
{
	json_int_t lost = json_integer_value(json_object_get(history, "lost"));

	if (!lost && !json_is_string(json_object_get(history, "error")))
		return;
	printf("history: %" JSON_INTEGER_FORMAT " recordings wait, %" JSON_INTEGER_FORMAT
	       " are not in it",
	       json_integer_value(json_object_get(history, "waiting")), lost);
	show_text(": ", json_object_get(history, "error"), "it is written again", "\n");
}

static int show(const json_t *answer)
{
	const json_t *libvirt = json_object_get(answer, "libvirt");
	const json_t *supervised = json_object_get(answer, "supervised");
	const json_t *finished = json_object_get(answer, "finished");
	char uptime[MT_UNIT_STR];
	int ret = 0;

	show_text("migtraced ", json_object_get(answer, "version"), "?", "");
	printf(", pid %" JSON_INTEGER_FORMAT ", up %s\n",
	       json_integer_value(json_object_get(answer, "pid")),
	       mt_format_duration_ms(
		       uptime, json_integer_value(json_object_get(answer, "uptime_s")) * 1e3));
	show_text("mode:    ", json_object_get(answer, "mode"), "?", "");
	show_text(", policy ", json_object_get(answer, "policy"), "?", "");
	show_text(", configuration ", json_object_get(answer, "config"), "built in", "\n");
	show_text("libvirt: ", json_object_get(libvirt, "uri"), "?", "");
	if (json_is_true(json_object_get(libvirt, "connected")))
		puts(", connected");
	else
		show_text(", not connected: ", json_object_get(libvirt, "error"), "not yet", "\n");
	show_hands(answer);
	show_lost(answer);
	show_history(json_object_get(answer, "history"));
	show_stuck(json_object_get(answer, "threads"), json_object_get(answer, "stuck"));

	printf("\nMigrations supervised: %zu\n", json_array_size(supervised));
	if (json_array_size(supervised)) {
		ret = show_table(MT_FORMAT_TEXT, supervised_columns,
				 MT_ARRAY_SIZE(supervised_columns), supervised);
		show_settings(supervised);
		show_reasons(supervised);
	}
	if (!ret && json_array_size(finished)) {
		puts("\nFinished, newest first:");
		ret = show_table(MT_FORMAT_TEXT, finished_columns, MT_ARRAY_SIZE(finished_columns),
				 finished);
	}
	return ret;
}

int cmd_status(int argc, char **argv)
{
	const char *path = DEFAULT_SOCKET;
	const struct option_row rows[] = {
		{ "socket", 's', OPTION_STRING, "PATH",
		  "migtraced's socket, unless it is " DEFAULT_SOCKET, &path, NULL, 0 },
	};
	const struct command_usage usage = {
		.name = "status",
		.synopsis = "",
		.description = "Shows what migtraced does at the moment: the migrations it supervises, and the\n"
			       "last ones that ended. csv is the migrations supervised only.",
		.examples = "  migtrace status\n"
			    "  migtrace status -f json | jq '.supervised[] | .domain, .verdict'\n",
		.uses = OPTIONS_FORMAT,
		.rows = rows,
		.n_rows = MT_ARRAY_SIZE(rows),
	};
	struct common_options common = { 0 };
	struct option_args args;
	struct mt_err err = { 0 };
	json_t *answer = NULL;
	int status = options_parse(&usage, argc, argv, &common, &args), ret = 0;

	if (status != OPTIONS_RUN)
		return status;
	if (ask(path, &answer, &err))
		return cmd_fail(&err);
	switch (common.format) {
	case MT_FORMAT_JSON:
		ret = json_dumpf(answer, stdout, JSON_INDENT(2));
		putchar('\n');
		break;
	case MT_FORMAT_CSV:
		ret = show_table(common.format, supervised_columns,
				 MT_ARRAY_SIZE(supervised_columns),
				 json_object_get(answer, "supervised"));
		break;
	default:
		ret = show(answer);
		break;
	}
	json_decref(answer);
	if (ret) {
		mt_err_set(&err, -EIO, "cannot write the answer");
		return cmd_fail(&err);
	}
	return CMD_OK;
}
