// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * trace.c - what happened, and how often
 */
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "trace.h"
#include "world.h"

#define KINDS	256

int __real_pthread_mutex_lock(pthread_mutex_t *lock);

static FILE *out;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	char what[48];
	unsigned long n;
} counts[KINDS];

void fake_trace_to(FILE *f)
{
	out = f;
}

bool fake_tracing(void)
{
	return out;
}

void fake_trace(const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	if (!out)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fprintf(out, "%12.3f %-12s %s\n", fake_ms(), fake_group_name(fake_group()), text);
}

void fake_count_add(const char *what, unsigned long n)
{
	__real_pthread_mutex_lock(&lock);
	for (size_t i = 0; i < KINDS; i++) {
		if (counts[i].what[0] && strncmp(counts[i].what, what, sizeof(counts[i].what) - 1))
			continue;
		if (!counts[i].what[0])
			snprintf(counts[i].what, sizeof(counts[i].what), "%s", what);
		counts[i].n += n;
		break;
	}
	pthread_mutex_unlock(&lock);
}

void fake_count(const char *what)
{
	fake_count_add(what, 1);
}

unsigned long fake_counted(const char *what)
{
	for (size_t i = 0; i < KINDS && counts[i].what[0]; i++)
		if (!strcmp(counts[i].what, what))
			return counts[i].n;
	return 0;
}

void fake_count_each(void (*fn)(const char *what, unsigned long n, void *opaque), void *opaque)
{
	for (size_t i = 0; i < KINDS && counts[i].what[0]; i++)
		fn(counts[i].what, counts[i].n, opaque);
}

void fake_count_reset(void)
{
	memset(counts, 0, sizeof(counts));
}
