/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * past.h - a migration that is over, as the history keeps it
 *
 * What was forecast of it before and after its first pass, what was decided, and what came of it.
 * Texts are scrubbed (utf8.h) and cut to their room. Unknown: texts "", numbers NaN, begin_ms 0.
 */
#ifndef MT_PAST_H
#define MT_PAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "model/outlook.h"

/*
 * The columns of a migration in order: name and room. SQL's lists of them are made of these, so a
 * column more is a step of schema.c, a row here and a parameter more in archive_sql.h.
 */
#define MT_PAST_TEXTS(X) \
	X(guest,	256) \
	X(uuid,		40) \
	X(source,	256)	/* host; likewise below */ \
	X(destination,	256) \
	X(policy,	32) \
	X(mode,		16)	/* of the recording's header: "supervise", "observe" */ \
	X(method,	24) \
	X(outcome,	24) \
	X(detail,	512) \
	X(tool,		64) \
	X(recording,	1024)	/* where it was read from */

#define MT_PAST_NUMBERS(X) \
	X(memory_bytes) \
	X(max_downtime_ms)	/* allowed */ \
	X(deadline_ms) \
	X(bandwidth_bytes_per_s)	/* on the wire, over all its passes */ \
	X(passes) \
	X(prepare_ms)		/* of total_ms, until QEMU began */ \
	X(total_ms) \
	X(downtime_ms) \
	X(transferred_bytes) \
	X(felt_ms)		/* the longest silence of the guest, where somebody looked */

/* Of one moment's forecast. */
struct mt_past_forecast {
	bool has;
	char model[40], verdict[16];
	double ends;			/* probability that it ends by itself */
	/* If it ends; before its begin in QEMU's own time, without prepare_ms. */
	struct mt_interval total_ms, downtime_ms, transferred_bytes;
};

enum mt_past_stage { MT_PAST_BEFORE, MT_PAST_PASS_1, MT_PAST_STAGES };
const char *mt_past_stage_name(enum mt_past_stage stage);	/* "before", "pass-1" */

struct mt_past_decision {
	double at_ms, iteration;	/* since the migration began */
	char action[24], applied[16], reason[384];
};

/* More are left out, but never the last that is no "none". */
#define MT_PAST_DECISIONS_MAX	256

struct mt_past {
	uint64_t id;			/* never 0; below 2^60 */
	uint64_t begin_ms;		/* Unix time */
#define X(name, room)	char name[room];
	MT_PAST_TEXTS(X)
#undef X
#define X(name)		double name;
	MT_PAST_NUMBERS(X)
#undef X
	struct mt_past_forecast forecast[MT_PAST_STAGES];
	struct mt_past_decision *decisions;
	size_t n_decisions;
};

void mt_past_init(struct mt_past *p);
void mt_past_fini(struct mt_past *p);

/*
 * The same migration has the same number, whoever reads it from whichever file: of its guest and
 * begin. @otherwise: of what tells of no begin, what tells it from others.
 */
void mt_past_number(struct mt_past *p, const char *otherwise);
#define MT_PAST_ID_DIGITS	15
#define MT_PAST_ID_STR		(MT_PAST_ID_DIGITS + 1)
const char *mt_past_id_text(uint64_t id, char text[MT_PAST_ID_STR]);
/* Those that begin with these digits. Return: 0; -EINVAL no 1 to 15 hexadecimal digits. */
MT_MUST_CHECK int mt_past_id_range(const char *digits, uint64_t *first, uint64_t *last);

/* Cut to the room, and scrubbed; NULL: "". */
void mt_past_text(char *to, size_t room, const char *from);

/* A column, for code that walks them. */
struct mt_past_column {
	const char *name;
	size_t offset, room;		/* room 0: a number */
};
extern const struct mt_past_column mt_past_columns[];
extern const size_t mt_past_n_columns;

struct mt_recording;
typedef int (*mt_past_fn)(const struct mt_past *p, void *opaque);

/*
 * Each migration of a recording; of a profile there is none. @host: where it was made, if it does
 * not say. Return: how many; what @fn returned that is below 0; -ENOMEM.
 */
MT_MUST_CHECK int mt_past_of_recording(const struct mt_recording *rec, const char *host,
				       mt_past_fn fn, void *opaque);

/*
 * Each migration of a file: of a recording, or of a campaign (its runs.jsonl, or its directory):
 * its recordings as far as they are there, with what the line says and forecasts of its profiles.
 * Return: how many; errors of mt_recording_load() and mt_runs_load(), or what @fn returned, with a
 * line in @err.
 */
MT_MUST_CHECK int mt_past_of_file(const char *path, const char *host, mt_past_fn fn, void *opaque,
				  struct mt_err *err);

#endif
