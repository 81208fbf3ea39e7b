// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * mark.c - a stop mark as text
 *
 * A guest does not outlive its host's boot, and CLOCK_MONOTONIC counts from it: a mark of another
 * boot means nothing. Threads: any.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <stdio.h>
#include <unistd.h>

#include "mark.h"

#define FIRST_LINE	"migtrace-stopped 1\n"

static int read_boot(char boot[VIR_UUID_STRING_BUFLEN])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, boot, VIR_UUID_STRING_BUFLEN - 1);
	close(fd);
	if (n != VIR_UUID_STRING_BUFLEN - 1)
		return -EIO;
	boot[n] = '\0';
	return 0;
}

/* For people; a line is a line. */
static void plain(char *to, size_t size, const char *from)
{
	size_t i;

	for (i = 0; from[i] && i + 1 < size; i++)
		to[i] = (unsigned char)from[i] < ' ' || from[i] == 0x7f ? '?' : from[i];
	to[i] = '\0';
}

int mt_mark_format(const struct mt_stop_mark *mark, char text[HANDS_TEXT_MAX])
{
	char boot[VIR_UUID_STRING_BUFLEN], name[MT_DOMAIN_NAME_MAX + 1];
	const struct mt_speed_change *speed = &mark->left.speed;
	int n, ret = read_boot(boot);

	if (ret)
		return ret;
	for (const char *p = mark->uri; *p; p++)
		if ((unsigned char)*p < ' ')
			return -EINVAL;
	plain(name, sizeof(name), mark->name);
	n = snprintf(text, HANDS_TEXT_MAX,
		     FIRST_LINE "boot=%s\nhost=%s\nuuid=%s\nuri=%s\nname=%s\nstopped_ns=%" PRIu64
				"\ndue_ns=%" PRIu64 "\n"
				"predicted_ms=%" PRIu64 "\nconfirmed=%d\nvcpus_limited=%d\n"
				"speed_was=%" PRIu64 "\nspeed_set=%" PRIu64 "\nspeed_next=%" PRIu64
				"\nend=1\n",
		     boot, mark->host, mark->uuid, mark->uri, name, mark->stopped_ns, mark->due_ns,
		     mark->predicted_ms, mark->confirmed, mark->left.vcpus, speed->was_bytes_per_s,
		     speed->ours_bytes_per_s[0], speed->ours_bytes_per_s[1]);
	return n < HANDS_TEXT_MAX ? 0 : -ENAMETOOLONG;
}

/* One that says nothing of it is of a version that limited vCPUs only. */
static void parse_left(const char *text, struct mt_left *left)
{
	uint64_t vcpus = 1;

	mt_hands_number(text, "vcpus_limited", &vcpus);
	mt_hands_number(text, "speed_was", &left->speed.was_bytes_per_s);
	mt_hands_number(text, "speed_set", &left->speed.ours_bytes_per_s[0]);
	mt_hands_number(text, "speed_next", &left->speed.ours_bytes_per_s[1]);
	left->vcpus = vcpus;
}

int mt_mark_parse(const char *text, struct mt_stop_mark *mark)
{
	char here[VIR_UUID_STRING_BUFLEN], boot[VIR_UUID_STRING_BUFLEN];
	uint64_t confirmed, end;
	int ret;

	*mark = (struct mt_stop_mark){ 0 };
	if (strncmp(text, FIRST_LINE, strlen(FIRST_LINE)) ||
	    !mt_hands_value(text, "boot", boot, sizeof(boot)) ||
	    !mt_hands_value(text, "host", mark->host, sizeof(mark->host)) ||
	    !mt_hands_value(text, "uuid", mark->uuid, sizeof(mark->uuid)) ||
	    !mt_hands_value(text, "uri", mark->uri, sizeof(mark->uri)) ||
	    !mt_hands_value(text, "name", mark->name, sizeof(mark->name)) ||
	    !mt_hands_number(text, "stopped_ns", &mark->stopped_ns) ||
	    !mt_hands_number(text, "due_ns", &mark->due_ns) ||
	    !mt_hands_number(text, "predicted_ms", &mark->predicted_ms) ||
	    !mt_hands_number(text, "confirmed", &confirmed) || !mt_hands_number(text, "end", &end))
		return -EBADMSG;
	mark->confirmed = confirmed;
	parse_left(text, &mark->left);
	ret = read_boot(here);
	if (ret)
		return ret;
	return strcmp(boot, here) ? -ESTALE : 0;
}
