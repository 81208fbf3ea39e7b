// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * check_spec.c - what the guests of a campaign were told to do
 */
#include <errno.h>
#include <string.h>

#include <ini.h>

#include "check.h"

#define SECTION	"workload "

static int set(char **field, const char *value)
{
	free(*field);
	*field = strdup(value);
	return *field ? 1 : 0;
}

static struct check_workload *workload_of(struct check *c, const char *name)
{
	struct check_workload *more;

	for (size_t i = 0; i < c->n_workloads; i++)
		if (!strcmp(c->workloads[i].name, name))
			return &c->workloads[i];
	more = reallocarray(c->workloads, c->n_workloads + 1, sizeof(*more));
	if (!more)
		return NULL;
	c->workloads = more;
	more += c->n_workloads;
	*more = (struct check_workload){ strdup(name), strdup(""), strdup("") };
	if (!more->name || !more->image || !more->command_line)
		return NULL;
	c->n_workloads++;
	return more;
}

/* inih's: 0 is an error. Everything but workloads is somebody else's. */
static int on_key(void *opaque, const char *section, const char *key, const char *value)
{
	struct check_workload *w;

	if (strncmp(section, SECTION, strlen(SECTION)))
		return 1;
	w = workload_of(opaque, section + strlen(SECTION));
	if (!w)
		return 0;
	if (!strcmp(key, "image"))
		return set(&w->image, value);
	if (!strcmp(key, "command_line"))
		return set(&w->command_line, value);
	return 1;
}

int check_workloads(struct check *c, struct mt_err *err)
{
	mt_autofree char *path = NULL;
	int line;

	if (asprintf(&path, "%s/spec.ini", c->dir) < 0)
		return mt_err_set(err, -ENOMEM, "out of memory");
	line = ini_parse(path, on_key, c);
	if (line == -1)
		return mt_err_set(err, -errno, "cannot read %s: %s; a directory of `migtrace-research campaign` has one", path, strerror(errno));
	return line ? mt_err_set(err, -EBADMSG, "%s: line %d cannot be understood", path, line) : 0;
}

const struct check_workload *check_workload_find(const struct check *c, const char *name)
{
	for (size_t i = 0; i < c->n_workloads; i++)
		if (!strcmp(c->workloads[i].name, name))
			return &c->workloads[i];
	return NULL;
}

void check_fini(struct check *c)
{
	for (size_t i = 0; i < c->n_workloads; i++) {
		free(c->workloads[i].name);
		free(c->workloads[i].image);
		free(c->workloads[i].command_line);
	}
	mt_runs_free(&c->runs);
	free(c->workloads);
	free(c->rows);
}
