/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * web_stream.h - server-sent events: each published text to all that watch
 */
#ifndef MIGTRACED_WEB_STREAM_H
#define MIGTRACED_WEB_STREAM_H

#include <microhttpd.h>
#include <stddef.h>

#define WEB_STREAMS_MAX	8

struct web_streams;

struct web_streams *web_streams_new(void);	/* NULL: no memory */
/* Its body begins with what was published last. NULL: no memory, or there are too many. */
struct MHD_Response *web_streams_open(struct web_streams *s, struct MHD_Connection *c);
/* Whoever reads slowly gets the newest when it is ready for it, and misses some. */
void web_streams_publish(struct web_streams *s, const char *text);
size_t web_streams_count(struct web_streams *s);
void web_streams_end(struct web_streams *s);	/* of all, as soon as they may */
void web_streams_free(struct web_streams *s);	/* when the server is gone; NULL is fine */

#endif
