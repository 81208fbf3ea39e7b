// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * collector.c - what the kernel logs while a guest migrates, pass by pass
 *
 * The ticker's thread adds, the recorder's takes; each holds the lock for moments.
 */
#include <errno.h>
#include <string.h>

#include "collector.h"
#include "passcutter.h"
#include "ticker.h"
#include "tickqueue.h"

struct mt_collector {
	struct mt_ticker *ticker;
	struct mt_tickqueue ticks;
	struct mt_record_source source;
	char why_not_better[256];
	char tell[384];
	bool source_recorded;
	pthread_mutex_t lock;		/* of the passes */
	struct mt_passcutter passes;
};

static void on_tick(const struct mt_seen *seen, void *opaque)
{
	struct mt_collector *c = opaque;

	mt_tickqueue_add(&c->ticks, seen->record);
	pthread_mutex_lock(&c->lock);
	mt_passcutter_tick(&c->passes, seen->record, seen->pages, seen->pages_exact);
	pthread_mutex_unlock(&c->lock);
}

static void release(struct mt_collector *c)
{
	mt_ticker_stop(c->ticker);
	mt_tickqueue_fini(&c->ticks);
	mt_passcutter_fini(&c->passes);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static int start(struct mt_collector *c, struct mt_source *source, struct mt_err *err)
{
	snprintf(c->why_not_better, sizeof(c->why_not_better), "%s", source->why_not_better);
	mt_source_describe(source, c->tell, sizeof(c->tell));
	c->source = (struct mt_record_source){
		.t_ns = mt_now_ns(),
		.source = source->ops->name,
		.mode = mt_source_mode_name(source->mode),
		.tick_ns = source->tick_ns,
		.detail = *c->why_not_better ? c->why_not_better : NULL,
	};
	return mt_ticker_start(&c->ticker, source, true, on_tick, c, err);
}

int mt_collector_open(struct mt_collector **out, struct mt_conn *conn,
		      const struct mt_domain_info *d, const char *name, struct mt_err *err)
{
	struct mt_collector *c;
	struct mt_source *source;
	int rc;

	*out = NULL;
	rc = mt_domain_source_open(conn, d, name, MT_SESSION_PASSES, 0, &source, err);
	if (rc)
		return rc;
	c = calloc(1, sizeof(*c));
	if (!c) {
		mt_source_close(source);
		return mt_err_set(err, -ENOMEM, "out of memory");
	}
	pthread_mutex_init(&c->lock, NULL);
	if (mt_tickqueue_init(&c->ticks) || mt_passcutter_init(&c->passes)) {
		mt_source_close(source);
		rc = mt_err_set(err, -ENOMEM, "out of memory");
	} else {
		rc = start(c, source, err);
	}
	if (rc) {
		release(c);
		return rc;
	}
	*out = c;
	return 0;
}

void mt_collector_close(struct mt_collector *c)
{
	if (c)
		release(c);
}

const char *mt_collector_describe(const struct mt_collector *c)
{
	return c ? c->tell : "none";
}

void mt_collector_boundary(struct mt_collector *c, uint64_t iteration, uint64_t t_ns)
{
	if (!c)
		return;
	pthread_mutex_lock(&c->lock);
	mt_passcutter_boundary(&c->passes, iteration, t_ns);
	pthread_mutex_unlock(&c->lock);
}

static bool take_pass(struct mt_collector *c, struct mt_record_pass *pass, bool all)
{
	bool got;

	pthread_mutex_lock(&c->lock);
	if (all)
		mt_passcutter_end(&c->passes);
	got = mt_passcutter_take(&c->passes, pass);
	pthread_mutex_unlock(&c->lock);
	return got;
}

int mt_collector_record(struct mt_collector *c, struct mt_recorder *r, bool all, mt_tick_fn seen,
			void *opaque)
{
	struct mt_record_pass pass;
	struct mt_tick tick;
	int rc = 0;

	if (!c)
		return 0;
	if (!c->source_recorded)
		rc = mt_recorder_source(r, &c->source);
	c->source_recorded = true;
	/* A recorder that is full is no reason not to see. */
	while (mt_tickqueue_take(&c->ticks, &tick, all)) {
		if (!rc)
			rc = mt_recorder_tick(r, &tick);
		if (seen)
			seen(&tick, opaque);
	}
	while (!rc && take_pass(c, &pass, all))
		rc = mt_recorder_pass(r, &pass);
	return rc;
}
