// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Client of a key-value server on loopback (redis or memcached) that knows
 * what every key must hold: it fills, checks, or sends SETs at a given rate.
 *
 * A value is a function of its key and its version, so that a value that is
 * older than the last acknowledged SET is told from the right one.
 *
 * Usage: memload redis|memcached fill KEYS SIZE
 *	  memload redis|memcached check KEYS SIZE
 *	  memload redis|memcached load KEYS SIZE RATE
 *
 * fill writes version 1 of the keys known:0..KEYS-1, check compares them.
 * load sends RATE SETs a second to keys of key:0..KEYS-1, picked at random;
 * at SIGUSR1 it compares all it has written so far. A comparison prints one
 * line, "ok N keys" or "FAIL ...". SIZE is in bytes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NSEC_PER_SEC	1000000000LL
#define TICK_NS		5000000LL
#define BATCH		32	/* pipelined requests; their replies fit the socket's buffers */
#define BUFFER_BYTES	65536
#define MAX_KEYS	10000000
#define MAX_SIZE	65536
#define MAX_RATE	1000000

struct client {
	const struct protocol *proto;
	const char *prefix;
	uint32_t *version;	/* of each key; 0: never written */
	unsigned int keys;
	unsigned int size;
	char *value;		/* what a key must hold */
	char *reply;		/* what came, with CR LF */
	FILE *in, *out;
};

struct protocol {
	const char *name;
	uint16_t port;
	void (*put_set)(FILE *out, const char *key, unsigned int size);
	void (*put_get)(FILE *out, const char *key);
	const char *set_reply;
	/* The line before the value if the key is there. */
	void (*get_reply)(char *line, size_t len, const char *key, unsigned int size);
	const char *get_end;	/* the line after it, or NULL */
};

static void redis_set(FILE *out, const char *key, unsigned int size)
{
	fprintf(out, "*3\r\n$3\r\nSET\r\n$%zu\r\n%s\r\n$%u\r\n", strlen(key), key, size);
}

static void redis_get(FILE *out, const char *key)
{
	fprintf(out, "*2\r\n$3\r\nGET\r\n$%zu\r\n%s\r\n", strlen(key), key);
}

static void redis_reply(char *line, size_t len, const char *key, unsigned int size)
{
	(void)key;
	snprintf(line, len, "$%u\r\n", size);
}

static void memcached_set(FILE *out, const char *key, unsigned int size)
{
	fprintf(out, "set %s 0 0 %u\r\n", key, size);
}

static void memcached_get(FILE *out, const char *key)
{
	fprintf(out, "get %s\r\n", key);
}

static void memcached_reply(char *line, size_t len, const char *key, unsigned int size)
{
	snprintf(line, len, "VALUE %s 0 %u\r\n", key, size);
}

static const struct protocol protocols[] = {
	{ "redis", 6379, redis_set, redis_get, "+OK\r\n", redis_reply, NULL },
	{ "memcached", 11211, memcached_set, memcached_get, "STORED\r\n",
	  memcached_reply, "END\r\n" },
};

static volatile sig_atomic_t asked;

static void on_sigusr1(int sig)
{
	(void)sig;
	asked = 1;
}

static void __attribute__((noreturn, format(printf, 1, 2))) fail(const char *fmt, ...)
{
	va_list ap;

	fputs("FAIL ", stdout);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
	exit(EXIT_FAILURE);
}

static long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NSEC_PER_SEC + t.tv_nsec;
}

static void sleep_ns(long long ns)
{
	struct timespec t = { ns / NSEC_PER_SEC, ns % NSEC_PER_SEC };

	nanosleep(&t, NULL);
}

static uint64_t next_random(uint64_t *state)
{
	uint64_t x = *state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	*state = x;
	return x;
}

static void make_value(char *value, unsigned int size, unsigned int key, uint32_t version)
{
	uint64_t state = ((uint64_t)key << 32 | version) * 0x9e3779b97f4a7c15ULL + 1;
	unsigned int i, n;
	uint64_t word;

	for (i = 0; i < size; i += n) {
		word = next_random(&state);
		n = size - i < sizeof(word) ? size - i : sizeof(word);
		memcpy(value + i, &word, n);
	}
}

static void make_key(const struct client *c, char *name, size_t len, unsigned int key)
{
	snprintf(name, len, "%s:%u", c->prefix, key);
}

/* The server may still be starting: tries for 30 s. */
static void client_connect(struct client *c)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons(c->proto->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	long long deadline = now_ns() + 30 * NSEC_PER_SEC;
	int fd, on = 1;

	for (;;) {
		fd = socket(AF_INET, SOCK_STREAM, 0);
		if (fd < 0)
			fail("socket: %s", strerror(errno));
		if (!connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
			break;
		if (now_ns() > deadline)
			fail("connect: %s", strerror(errno));
		close(fd);
		sleep_ns(20000000);
	}
	/* A batch is one write, and its end does not wait for an acknowledgement. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	c->in = fdopen(fd, "r");
	c->out = fdopen(dup(fd), "w");
	if (!c->in || !c->out)
		fail("fdopen: %s", strerror(errno));
	setvbuf(c->out, NULL, _IOFBF, BUFFER_BYTES);
}

static void expect_line(struct client *c, const char *want, const char *key)
{
	char line[128];

	if (!fgets(line, sizeof(line), c->in))
		fail("%s: no answer from the server", key);
	if (strcmp(line, want)) {
		line[strcspn(line, "\r\n")] = '\0';
		fail("%s: the server answers \"%s\"", key, line);
	}
}

static void flush(struct client *c)
{
	if (fflush(c->out))
		fail("write: %s", strerror(errno));
}

/* Writes the next version of each key in the list, at most BATCH of them. */
static void write_batch(struct client *c, const unsigned int *key, unsigned int n)
{
	char name[32];
	unsigned int i;

	for (i = 0; i < n; i++) {
		make_key(c, name, sizeof(name), key[i]);
		make_value(c->value, c->size, key[i], ++c->version[key[i]]);
		c->proto->put_set(c->out, name, c->size);
		fwrite(c->value, 1, c->size, c->out);
		fputs("\r\n", c->out);
	}
	flush(c);
	for (i = 0; i < n; i++) {
		make_key(c, name, sizeof(name), key[i]);
		expect_line(c, c->proto->set_reply, name);
	}
}

static void check_reply(struct client *c, unsigned int key)
{
	char name[32], header[64];

	make_key(c, name, sizeof(name), key);
	c->proto->get_reply(header, sizeof(header), name, c->size);
	expect_line(c, header, name);
	if (fread(c->reply, 1, c->size + 2, c->in) != c->size + 2)
		fail("%s: value cut short", name);
	make_value(c->value, c->size, key, c->version[key]);
	if (memcmp(c->reply, c->value, c->size) || memcmp(c->reply + c->size, "\r\n", 2))
		fail("%s: is not version %u", name, c->version[key]);
	if (c->proto->get_end)
		expect_line(c, c->proto->get_end, name);
}

static void check_all(struct client *c)
{
	unsigned int batch[BATCH], key = 0, n, i, total = 0;
	char name[32];

	while (key < c->keys) {
		for (n = 0; n < BATCH && key < c->keys; key++) {
			if (!c->version[key])
				continue;
			batch[n++] = key;
			make_key(c, name, sizeof(name), key);
			c->proto->put_get(c->out, name);
		}
		flush(c);
		for (i = 0; i < n; i++)
			check_reply(c, batch[i]);
		total += n;
	}
	printf("ok %u keys\n", total);
	fflush(stdout);
}

static void fill(struct client *c)
{
	unsigned int batch[BATCH], key = 0, n;

	while (key < c->keys) {
		for (n = 0; n < BATCH && key < c->keys; n++)
			batch[n] = key++;
		write_batch(c, batch, n);
	}
}

static void load(struct client *c, unsigned int rate)
{
	long long start = now_ns(), backlog_max = rate / 10 + BATCH;
	uint64_t random = 0x243f6a8885a308d3ULL;
	unsigned int batch[BATCH], n;
	long long due, sent = 0;

	for (;;) {
		if (asked) {
			asked = 0;
			check_all(c);
		}
		due = (long long)((double)(now_ns() - start) * rate / NSEC_PER_SEC);
		/* Behind by more than 100 ms: those are given up, no burst. */
		if (due - sent > backlog_max)
			sent = due - backlog_max;
		if (sent >= due) {
			sleep_ns(TICK_NS);
			continue;
		}
		for (n = 0; n < BATCH && sent < due; n++, sent++)
			batch[n] = next_random(&random) % c->keys;
		write_batch(c, batch, n);
	}
}

static int parse(const char *text, unsigned int max, unsigned int *value)
{
	unsigned long v;
	char *end;

	errno = 0;
	v = strtoul(text, &end, 10);
	if (errno || *text < '0' || *text > '9' || *end || v < 1 || v > max)
		return -EINVAL;
	*value = v;
	return 0;
}

static int usage(void)
{
	fputs("usage: memload redis|memcached fill|check|load KEYS SIZE [RATE]\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	struct client c = { .prefix = "known" };
	struct sigaction act = { .sa_handler = on_sigusr1, .sa_flags = SA_RESTART };
	unsigned int rate = 0, i;
	const char *verb;

	if (argc < 5 || argc > 6)
		return usage();
	for (i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (!strcmp(argv[1], protocols[i].name))
			c.proto = &protocols[i];
	verb = argv[2];
	if (!c.proto || parse(argv[3], MAX_KEYS, &c.keys) || parse(argv[4], MAX_SIZE, &c.size))
		return usage();
	if (!strcmp(verb, "load")) {
		if (argc != 6 || parse(argv[5], MAX_RATE, &rate))
			return usage();
		c.prefix = "key";
	} else if (argc != 5 || (strcmp(verb, "fill") && strcmp(verb, "check"))) {
		return usage();
	}

	c.version = calloc(c.keys, sizeof(*c.version));
	c.value = malloc(c.size);
	c.reply = malloc(c.size + 2);
	if (!c.version || !c.value || !c.reply)
		fail("out of memory");
	sigaction(SIGUSR1, &act, NULL);
	client_connect(&c);

	if (!strcmp(verb, "load")) {
		load(&c, rate);
	} else if (!strcmp(verb, "fill")) {
		fill(&c);
	} else {
		for (i = 0; i < c.keys; i++)
			c.version[i] = 1;
		check_all(&c);
	}
	return 0;
}
