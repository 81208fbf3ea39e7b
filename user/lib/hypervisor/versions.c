// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * versions.c - what runs there: libvirt, QEMU, the kernel
 */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "versions.h"

void mt_versions_format(char *buf, size_t size, unsigned long number)
{
	snprintf(buf, size, "%lu.%lu.%lu", number / 1000000, number / 1000 % 1000, number % 1000);
}

unsigned long mt_versions_parse(const char *version)
{
	unsigned major, minor, micro;

	if (!version || sscanf(version, "%3u.%3u.%3u", &major, &minor, &micro) != 3)
		return 0;
	return major * 1000000UL + minor * 1000UL + micro;
}

/* qemu:///system, qemu+unix:///system, and what libvirt takes when nothing is said. */
bool mt_versions_uri_is_local(const char *uri)
{
	const char *authority = uri ? strstr(uri, "://") : NULL;

	return !authority || authority[3] == '/' || !authority[3];
}

bool mt_versions_may_lose_memory(const struct mt_versions *v, const char *domain_type)
{
	return !strcmp(domain_type, "qemu") && v->qemu_number < MT_QEMU_TCG_SOUND;
}

void mt_versions_get(struct mt_versions *v, struct mt_conn *conn)
{
	struct utsname u;

	memset(v, 0, sizeof(*v));
	if (mt_versions_uri_is_local(mt_conn_uri(conn)) && !uname(&u))
		snprintf(v->kernel, sizeof(v->kernel), "%s", u.release);
	mt_conn_versions(conn, &v->libvirt_number, &v->qemu_number);
	if (v->libvirt_number)
		mt_versions_format(v->libvirt, sizeof(v->libvirt), v->libvirt_number);
	if (v->qemu_number)
		mt_versions_format(v->qemu, sizeof(v->qemu), v->qemu_number);
}
