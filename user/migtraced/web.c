// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * web.c - a page, JSON and metrics for whoever looks, over HTTP, by libmicrohttpd
 *
 * Threads: the main one publishes, libmicrohttpd's own serves. A request that finds the last status
 * old asks for a new one, and waits for it but for moments; then the old one has to do.
 */
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/json.h"
#include "base/thread.h"
#include "base/units.h"
#include "listener.h"
#include "log.h"
#include "metrics.h"
#include "web.h"
#include "web_files.h"
#include "web_stream.h"

#define CLIENTS_MAX	32
#define CLIENT_S	30		/* without a byte from or to it */
#define CLIENT_BYTES	(32 * 1024)
#define OLD_MS		500		/* a status is taken as of now for so long */
#define WAIT_MS		500

/* What was published, as it goes out. */
struct snapshot {
	json_t *status;
	char *text;
};

struct web {
	struct MHD_Daemon *daemon;
	struct listener listener;
	int wanted;			/* eventfd */
	pthread_mutex_t lock;
	pthread_cond_t published;
	struct snapshot now;		/* ->text NULL: nothing yet */
	uint64_t published_ns;
	bool ending;			/* nothing will be published any more */
	struct web_streams *streams;
};

/* --- publishing ------------------------------------------------------------------------ */
static void snapshot_fini(struct snapshot *s)
{
	json_decref(s->status);
	free(s->text);
}

void web_publish(struct web *w, json_t *status)
{
	struct snapshot new = { status, status ? json_dumps(status, MT_JSON_STYLE) : NULL }, old;

	if (!new.text) {
		snapshot_fini(&new);
		return;
	}
	/* First: a stream that waits for it in take() begins with it. */
	web_streams_publish(w->streams, new.text);
	pthread_mutex_lock(&w->lock);
	old = w->now;
	w->now = new;
	w->published_ns = mt_now_ns();
	mt_cond_wake(&w->published);
	pthread_mutex_unlock(&w->lock);
	snapshot_fini(&old);
}

int web_wanted_fd(const struct web *w)
{
	return w->wanted;
}

bool web_is_streaming(const struct web *w)
{
	return web_streams_count(w->streams) > 0;
}

/* The lock is held on return. Return: whether there is anything. */
static bool take(struct web *w)
{
	const uint64_t until_ns = mt_deadline_ns(WAIT_MS), one = 1;

	pthread_mutex_lock(&w->lock);
	if (!w->ending && w->published_ns + OLD_MS * MT_NS_PER_MS < mt_now_ns()) {
		uint64_t old_ns = w->published_ns;

		if (write(w->wanted, &one, sizeof(one)) < 0)
			log_debug("the web's eventfd is full");
		while (!w->ending && w->published_ns == old_ns &&
		       mt_cond_wait_until(&w->published, &w->lock, until_ns))
			;
	}
	return w->now.text != NULL;
}

/* --- answers ------------------------------------------------------------------------------- */
static const struct {
	const char *name, *value;
} headers[] = {
	{ "Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; "
				     "connect-src 'self'; base-uri 'none'; form-action 'none'; "
				     "frame-ancestors 'none'" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "Cache-Control", "no-store" },
};

static enum MHD_Result send_response(struct MHD_Connection *c, unsigned code, const char *type,
				     struct MHD_Response *r)
{
	enum MHD_Result ok;

	if (!r)
		return MHD_NO;
	MHD_add_response_header(r, "Content-Type", type);
	for (size_t i = 0; i < MT_ARRAY_SIZE(headers); i++)
		MHD_add_response_header(r, headers[i].name, headers[i].value);
	if (code == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(r, "Allow", "GET, HEAD");
	ok = MHD_queue_response(c, code, r);
	MHD_destroy_response(r);
	return ok;
}

/* @text: NULL is no memory, and is taken over. */
static enum MHD_Result send_text(struct MHD_Connection *c, unsigned code, const char *type,
				 char *text, size_t size)
{
	struct MHD_Response *r = text ? MHD_create_response_from_buffer(size, text,
									MHD_RESPMEM_MUST_FREE) :
					NULL;

	if (text && !r)
		free(text);
	return send_response(c, code, type, r);
}

static enum MHD_Result send_line(struct MHD_Connection *c, unsigned code, const char *line)
{
	return send_response(c, code, "text/plain; charset=utf-8",
			     MHD_create_response_from_buffer(strlen(line), (void *)line,
							     MHD_RESPMEM_PERSISTENT));
}

/* Each makes its answer of the status, with the lock held. NULL: no memory. */
typedef char *(*resource_fn)(const struct snapshot *s, unsigned *code, size_t *size);

static char *all(const struct snapshot *s, unsigned *code, size_t *size)
{
	char *text = strdup(s->text);

	*size = text ? strlen(text) : 0;
	return text;
}

static char *migrations(const struct snapshot *s, unsigned *code, size_t *size)
{
	json_t *o = json_pack("{s:O, s:O, s:O}", "supervised",
			      json_object_get(s->status, "supervised"), "finished",
			      json_object_get(s->status, "finished"), "totals",
			      json_object_get(s->status, "totals"));
	char *text = o ? json_dumps(o, MT_JSON_STYLE) : NULL;

	json_decref(o);
	*size = text ? strlen(text) : 0;
	return text;
}

static char *health(const struct snapshot *s, unsigned *code, size_t *size)
{
	const json_t *libvirt = json_object_get(s->status, "libvirt");
	bool connected = json_is_true(json_object_get(libvirt, "connected"));
	size_t stuck = json_array_size(json_object_get(s->status, "stuck"));
	json_t *o = json_pack("{s:b, s:b, s:I}", "healthy", connected && !stuck,
			      "libvirt_connected", connected, "stuck", (json_int_t)stuck);
	char *text = o ? json_dumps(o, MT_JSON_STYLE) : NULL;

	json_decref(o);
	if (!connected || stuck)
		*code = MHD_HTTP_SERVICE_UNAVAILABLE;
	*size = text ? strlen(text) : 0;
	return text;
}

static char *metrics(const struct snapshot *s, enum metrics_format format, size_t *size)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, size);

	if (!out)
		return NULL;
	metrics_write(s->status, format, out);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

static char *open_metrics(const struct snapshot *s, unsigned *code, size_t *size)
{
	return metrics(s, METRICS_OPEN, size);
}

static char *prometheus(const struct snapshot *s, unsigned *code, size_t *size)
{
	return metrics(s, METRICS_PROMETHEUS, size);
}

/* The first whose @accept the client names; NULL: whatever it names. */
static const struct {
	const char *url, *accept, *type;
	resource_fn make;
} resources[] = {
	{ "/metrics", "application/openmetrics-text", METRICS_TYPE_OPEN, open_metrics },
	{ "/metrics", NULL, METRICS_TYPE_PROMETHEUS, prometheus },
	{ "/api/v1/status", NULL, "application/json", all },
	{ "/api/v1/migrations", NULL, "application/json", migrations },
	{ "/api/v1/health", NULL, "application/json", health },
};

static enum MHD_Result send_resource(struct web *w, struct MHD_Connection *c, const char *type,
				     resource_fn make)
{
	unsigned code = MHD_HTTP_OK;
	size_t size = 0;
	bool known = take(w);
	char *text = known ? make(&w->now, &code, &size) : NULL;

	pthread_mutex_unlock(&w->lock);
	if (!known)
		return send_line(c, MHD_HTTP_SERVICE_UNAVAILABLE, "nothing is known yet\n");
	return send_text(c, code, type, text, size);
}

static enum MHD_Result send_stream(struct web *w, struct MHD_Connection *c)
{
	struct MHD_Response *r;

	(void)take(w);
	pthread_mutex_unlock(&w->lock);
	r = web_streams_open(w->streams, c);
	if (!r)
		return send_line(c, MHD_HTTP_SERVICE_UNAVAILABLE, "too many are watching\n");
	return send_response(c, MHD_HTTP_OK, "text/event-stream", r);
}

static enum MHD_Result send_file(struct MHD_Connection *c, const struct web_file *f)
{
	return send_response(c, MHD_HTTP_OK, f->type,
			     MHD_create_response_from_buffer((size_t)(f->end - f->begin),
							     (void *)f->begin,
							     MHD_RESPMEM_PERSISTENT));
}

static enum MHD_Result on_request(void *opaque, struct MHD_Connection *c, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *size, void **seen)
{
	static int first;
	struct web *w = opaque;
	const char *accept;

	/* Once for the headers, and then for what is answered. */
	if (!*seen) {
		*seen = &first;
		return MHD_YES;
	}
	/* Whatever comes with it is read, and not looked at. */
	if (*size) {
		*size = 0;
		return MHD_YES;
	}
	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD))
		return send_line(c, MHD_HTTP_METHOD_NOT_ALLOWED, "read only\n");
	/* A name of somebody else's for our address: their page must not read us. */
	if (!listener_is_host(&w->listener,
			      MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Host")))
		return send_line(c, MHD_HTTP_MISDIRECTED_REQUEST, "not the name of this host\n");
	accept = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Accept");
	for (size_t i = 0; web_files[i].url; i++)
		if (!strcmp(web_files[i].url, url))
			return send_file(c, &web_files[i]);
	for (size_t i = 0; i < MT_ARRAY_SIZE(resources); i++)
		if (!strcmp(resources[i].url, url) &&
		    (!resources[i].accept || (accept && strstr(accept, resources[i].accept))))
			return send_resource(w, c, resources[i].type, resources[i].make);
	if (!strcmp(url, "/api/v1/events"))
		return send_stream(w, c);
	return send_line(c, MHD_HTTP_NOT_FOUND, "there is no such thing\n");
}

static void on_log(void *opaque, const char *fmt, va_list ap)
{
	char line[256];

	vsnprintf(line, sizeof(line), fmt, ap);
	line[strcspn(line, "\n")] = '\0';
	log_debug("web: %s", line);
}

/* --- the whole ----------------------------------------------------------------------------- */
int web_open(struct web **out, const char *address, mode_t mode, gid_t gid, struct mt_err *err)
{
	struct web *w = calloc(1, sizeof(*w));
	int ret;

	if (!w)
		return mt_err_set(err, -ENOMEM, "out of memory");
	pthread_mutex_init(&w->lock, NULL);
	mt_cond_init(&w->published);
	w->wanted = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	w->streams = web_streams_new();
	ret = listener_open(&w->listener, address, mode, gid, CLIENTS_MAX, err);
	if (!ret && (w->wanted < 0 || !w->streams))
		ret = mt_err_set(err, -ENOMEM, "out of memory");
	if (!ret) {
		/* It closes what it gets. */
		int fd = fcntl(w->listener.fd, F_DUPFD_CLOEXEC, 0);

		w->daemon = fd < 0 ? NULL : MHD_start_daemon(
			MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
				MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request, w,
			MHD_OPTION_EXTERNAL_LOGGER, on_log, w,
			MHD_OPTION_LISTEN_SOCKET, fd,
			MHD_OPTION_CONNECTION_LIMIT, (unsigned)CLIENTS_MAX,
			MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CLIENT_S,
			MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CLIENT_BYTES, MHD_OPTION_END);
		if (!w->daemon)
			ret = mt_err_set(err, -EIO, "%s: cannot be served", address);
	}
	if (ret) {
		web_close(w);
		return ret;
	}
	*out = w;
	return 0;
}

void web_close(struct web *w)
{
	if (!w)
		return;
	/* Each request that waits would keep us waiting, one after the other. */
	pthread_mutex_lock(&w->lock);
	w->ending = true;
	mt_cond_wake(&w->published);
	pthread_mutex_unlock(&w->lock);
	if (w->streams)
		web_streams_end(w->streams);
	if (w->daemon)
		MHD_stop_daemon(w->daemon);
	listener_close(&w->listener);
	web_streams_free(w->streams);
	if (w->wanted >= 0)
		close(w->wanted);
	snapshot_fini(&w->now);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->published);
	free(w);
}
