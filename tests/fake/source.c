// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * source.c - a kernel source of the tests: a tick each 10 ms of the world's time
 *
 * The linker leads mt_domain_source_open() here (--wrap). It has no sets of pages, as a source that
 * cannot keep up has none: what passes count are events.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "watch/domainsource.h"
#include "source.h"
#include "world.h"

int __real_mt_domain_source_open(struct mt_conn *c, const struct mt_domain_info *d,
				 const char *name, enum mt_session_use use, uint64_t tick_ns,
				 struct mt_source **source, struct mt_err *err);
int __wrap_mt_domain_source_open(struct mt_conn *c, const struct mt_domain_info *d,
				 const char *name, enum mt_session_use use, uint64_t tick_ns,
				 struct mt_source **source, struct mt_err *err);

struct fake_source;

/* Its processes are none of this machine's. */
uint64_t __wrap_mt_domain_nonzero(struct mt_conn *c, const struct mt_domain_info *d);
uint64_t __wrap_mt_domain_nonzero(struct mt_conn *c, const struct mt_domain_info *d)
{
	return 0;
}

static struct {
	bool on, ended;
	unsigned events, open;
	struct fake_source *newest;
} set;

struct fake_source {
	struct mt_source base;
	int fd;			/* only a number to poll() for: see fake_source_ready() */
	uint64_t tick, end_ns;
};

static int source_fd(struct mt_source *source)
{
	return ((struct fake_source *)source)->fd;
}

static int source_read(struct mt_source *source, struct migtrace_record *record, size_t room_bytes)
{
	struct fake_source *s = (struct fake_source *)source;

	if (s->end_ns + FAKE_TICK_NS > mt_now_ns())
		return set.ended ? -ENODEV : 0;
	memset(record, 0, sizeof(*record));
	record->tick = ++s->tick;
	record->start_ns = s->end_ns;
	record->end_ns = s->end_ns += FAKE_TICK_NS;
	record->valid = MIGTRACE_VALID_PAGES;
	record->state = MIGTRACE_STATE_LOGGING | (set.ended ? MIGTRACE_STATE_GONE : 0);
	record->events = record->pages = set.events;
	return 1;
}

static void source_close(struct mt_source *source)
{
	struct fake_source *s = (struct fake_source *)source;

	if (set.newest == s)
		set.newest = NULL;
	close(s->fd);
	free(s);
	set.open--;
}

static const struct mt_source_ops ops = {
	.name = "test", .help = "a source of the tests", .fd = source_fd, .read = source_read,
	.close = source_close,
};

int __wrap_mt_domain_source_open(struct mt_conn *c, const struct mt_domain_info *d,
				 const char *name, enum mt_session_use use, uint64_t tick_ns,
				 struct mt_source **source, struct mt_err *err)
{
	struct fake_source *s;

	if (!set.on)
		return __real_mt_domain_source_open(c, d, name, use, tick_ns, source, err);
	s = calloc(1, sizeof(*s));
	s->base = (struct mt_source){ .ops = &ops,
				      .mode = MIGTRACE_MODE_RING,
				      .record_bytes = sizeof(struct migtrace_record),
				      .tick_ns = FAKE_TICK_NS };
	s->fd = eventfd(0, EFD_CLOEXEC);
	s->end_ns = mt_now_ns();
	set.open++;
	set.newest = s;
	*source = &s->base;
	return 0;
}

void fake_source_use(bool on, unsigned events)
{
	set.on = on;
	set.ended = false;
	set.events = events;
}

void fake_source_end(void)
{
	set.ended = true;
}

unsigned fake_sources_open(void)
{
	return set.open;
}

bool fake_source_ready(int fd)
{
	const struct fake_source *s = set.newest;

	return s && s->fd == fd && (set.ended || s->end_ns + FAKE_TICK_NS <= mt_now_ns());
}
