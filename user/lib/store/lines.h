/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lines.h - whole lines out of a zstd stream that anybody may have written
 */
#ifndef MIGTRACE_STORE_LINES_H
#define MIGTRACE_STORE_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

/*
 * Bounds on what a file may make us allocate and do; ours stay far below them. A stream of ours
 * unpacks to 4 to 6 times its size, never to 50 times: each line is flushed. A bomb unpacks to
 * 20,000 times, and costs its reader's time by that.
 */
#define MT_LINE_MAX_BYTES	(1U << 20)
#define MT_STREAM_MAX_BYTES	(1ULL << 30)
/* whatever its size, a stream may unpack to this much */
#define MT_STREAM_FREE_BYTES	(16ULL << 20)
/* and beyond that to this many bytes for each of its own */
#define MT_STREAM_MAX_RATIO	256

struct mt_lines {
	void *stream;			/* zstd's */
	int fd;				/* the caller's */
	unsigned char *in;
	size_t in_pos, in_len;
	bool in_end;			/* read(2) has nothing more */
	bool frame_done;		/* the stream may end here */
	char *out;
	size_t out_pos, out_len;
	uint64_t packed, total;		/* bytes read, and what they unpacked to */
	const char *bound;		/* after MT_LINES_BOUND: which one */
	size_t n;			/* lines handed out */
};

enum mt_lines_state {
	MT_LINES_END,			/* all there */
	MT_LINES_LINE,
	MT_LINES_CUT,			/* the stream or its last line ends early */
	MT_LINES_BOUND,			/* there may be more, beyond what is unpacked of any file */
};

MT_MUST_CHECK int mt_lines_init(struct mt_lines *l, int fd);
/*
 * The next line, without its newline, valid until the next call. Return: enum mt_lines_state;
 * -EBADMSG a damaged stream, a line too long; errno of read(2).
 */
MT_MUST_CHECK int mt_lines_next(struct mt_lines *l, const char **line, size_t *len,
				struct mt_err *err);
void mt_lines_fini(struct mt_lines *l);

/* Whether @bytes begin like a zstd stream, or are so few that they may. */
bool mt_lines_recognise(const void *bytes, size_t len);

#endif
