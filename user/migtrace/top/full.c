// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * full.c - the full-screen top: scenes in, pages out, keys back
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "full.h"
#include "term.h"

#define WAIT_MS		1000		/* for a size that changed unseen, at most */

struct full {
	struct gather *gather;
	struct scene scene;
	struct look look;
	size_t *order, n;
};

static int order(struct full *f)
{
	free(f->order);
	f->order = calloc(f->scene.n + 1, sizeof(*f->order));
	if (!f->order)
		return -ENOMEM;
	f->n = look_order(&f->look, &f->scene, f->order);
	return 0;
}

static int renew(struct full *f)
{
	struct scene newer;
	int rc = gather_scene(f->gather, &newer);

	if (rc)
		return rc;
	free(f->scene.guests);
	f->scene = newer;
	return 0;
}

static int draw(struct full *f)
{
	size_t rows, columns;
	struct page page;
	int rc = order(f);

	if (rc)
		return rc;
	term_size(&rows, &columns);
	rc = page_init(&page, rows, columns, term_is_ascii());
	if (rc)
		return rc;
	page_lay_out(&page, &f->scene, &f->look, f->order, f->n);
	term_draw(&page);
	page_fini(&page);
	return 0;
}

/* All keys that are there. Return: whether one of them quits. */
static bool heed(struct full *f)
{
	enum look_request request;
	unsigned key;

	while ((key = term_key())) {
		request = look_key(&f->look, &f->scene, f->order, f->n, key);
		if (request == LOOK_QUIT)
			return true;
		if (request && !gather_ask(f->gather, request, f->look.chosen))
			snprintf(f->scene.note, sizeof(f->scene.note),
				 "not asked for: too much is waited for already");
		if (order(f))
			return true;
	}
	return false;
}

static int loop(struct full *f, int wake)
{
	int rc = renew(f);

	while (!rc && !(rc = draw(f))) {
		struct pollfd fds[] = {
			{ .fd = 0, .events = POLLIN },
			{ .fd = gather_fd(f->gather), .events = POLLIN },
			{ .fd = wake, .events = POLLIN },
		};

		/* A signal (a new size, back from Ctrl-Z) ends the wait, too. */
		poll(fds, MT_ARRAY_SIZE(fds), WAIT_MS);
		if (fds[2].revents || fds[0].revents & (POLLHUP | POLLERR | POLLNVAL) || heed(f))
			break;
		if (fds[1].revents)
			rc = renew(f);
	}
	return rc;
}

int top_full(const struct gather_how *how, int wake, bool *hangs, struct mt_err *err)
{
	struct full f = { .gather = NULL };
	int rc = gather_start(&f.gather, how, err);

	*hangs = false;
	if (rc) {
		term_close();
		return rc;
	}
	rc = loop(&f, wake);
	term_close();
	*hangs = !gather_end(f.gather);
	free(f.scene.guests);
	free(f.order);
	return rc ? mt_err_set(err, rc, "cannot show guests: %s", strerror(-rc)) : 0;
}
