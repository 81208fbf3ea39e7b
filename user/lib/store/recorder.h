/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * recorder.h - a recorder's inside
 */
#ifndef MIGTRACE_STORE_RECORDER_H
#define MIGTRACE_STORE_RECORDER_H

#include "record.h"
#include "sink.h"
#include "thin.h"

struct mt_behind;

struct mt_recorder {
	struct mt_behind *behind;	/* NULL: written as it is told; else nothing below is
					 * used */
	struct mt_sink sink;
	char *path, *part;
	uint64_t shift_ns;		/* added to times: the host booted since the recording
					 * began */
	struct mt_thin thin;
	mt_recorder_room_fn room;	/* may it grow; NULL: as it likes */
	void *room_opaque;
	off_t asked;			/* it may grow up to here */
	struct mt_err ended;		/* why nothing more is taken, though the file is fine */
};

/* Without a file yet. */
MT_MUST_CHECK int mt_recorder_new(struct mt_recorder **out, const char *path, struct mt_err *err);
void mt_recorder_free(struct mt_recorder *r);
/* Creates @name, locks it and makes it @r's file. */
MT_MUST_CHECK int mt_recorder_create(struct mt_recorder *r, const char *name, struct mt_err *err);
MT_MUST_CHECK int mt_recorder_refuse_existing(const char *path, struct mt_err *err);
char *mt_recorder_suffixed(const char *path, const char *suffix);

/* Writes one entry, whose time is the caller's. */
int mt_recorder_write(struct mt_recorder *r, struct mt_entry *e);
/* One whose line is made, by times that hold. */
int mt_recorder_line(struct mt_recorder *r, const struct mt_thin_entry *e, const char *line,
		     size_t len);

#endif
