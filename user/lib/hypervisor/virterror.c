// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * virterror.c - libvirt's errors as ours
 *
 * Threads: any; libvirt keeps its last error a thread.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "conn.h"
#include "virterror.h"

static const struct {
	int virt, code;
} codes[] = {
	{ VIR_ERR_NO_DOMAIN,		-ENOENT },
	{ VIR_ERR_NO_DOMAIN_METADATA,	-ENODATA },
	{ VIR_ERR_OPERATION_INVALID,	-EBUSY },
	{ VIR_ERR_OPERATION_DENIED,	-EACCES },
	{ VIR_ERR_ACCESS_DENIED,	-EACCES },
	{ VIR_ERR_AUTH_FAILED,		-EACCES },
	{ VIR_ERR_AUTH_CANCELLED,	-EACCES },
	{ VIR_ERR_AUTH_UNAVAILABLE,	-EACCES },
	{ VIR_ERR_NO_CONNECT,		-ECONNRESET },
	{ VIR_ERR_INVALID_CONN,		-ECONNRESET },
	{ VIR_ERR_RPC,			-ECONNRESET },
	{ VIR_ERR_OPERATION_ABORTED,	-ECANCELED },
	{ VIR_ERR_OPERATION_TIMEOUT,	-ETIMEDOUT },
	{ VIR_ERR_NO_SUPPORT,		-EOPNOTSUPP },
	{ VIR_ERR_OPERATION_UNSUPPORTED, -EOPNOTSUPP },
	{ VIR_ERR_ARGUMENT_UNSUPPORTED,	-EOPNOTSUPP },
	{ VIR_ERR_NO_MEMORY,		-ENOMEM },
};

int mt_virt_error_code(const virError *e)
{
	if (!e)
		return -EIO;
	for (size_t i = 0; i < MT_ARRAY_SIZE(codes); i++)
		if (codes[i].virt == e->code)
			return codes[i].code;
	/*
	 * "Cannot recv data", "client socket is closed": system and internal errors by code, told
	 * by their domain.
	 */
	if (e->domain == VIR_FROM_RPC)
		return -ECONNRESET;
	return -EIO;
}

int mt_virt_error(struct mt_err *err, const char *what)
{
	const virError *e = virGetLastError();

	return mt_err_set(err, mt_virt_error_code(e), "%s: %s", what,
			  e && e->message ? e->message : "libvirt does not say why");
}

/* libvirt puts errno into int1 of a system error; some of its layers put it into words only. */
static bool is_errno(const virError *e, int number, const char *words)
{
	return (e->code == VIR_ERR_SYSTEM_ERROR && e->int1 == number) ||
	       (e->message && strstr(e->message, words));
}

int mt_virt_open_error(struct mt_err *err, const char *uri, const virError *e)
{
	const char *why = e && e->message ? e->message : "libvirt does not say why";

	if (!uri || !*uri)
		uri = "the default URI";
	if (!e)
		return mt_err_set(err, -ECONNREFUSED, "cannot connect to %s: %s", uri, why);
	if (mt_virt_error_code(e) == -EACCES || is_errno(e, EACCES, "Permission denied"))
		return mt_err_set(err, -EACCES,
				  "not allowed to connect to %s: %s; run as root or join the group libvirt", uri, why);
	/*
	 * "no connection driver available", a scheme nobody knows; what cannot be parsed at all has
	 * no other mark than its domain
	 */
	if (e->code == VIR_ERR_NO_CONNECT || e->code == VIR_ERR_INVALID_ARG ||
	    e->code == VIR_ERR_NO_SUPPORT || e->code == VIR_ERR_CONFIG_UNSUPPORTED ||
	    e->domain == VIR_FROM_URI)
		return mt_err_set(err, -EINVAL,
				  "libvirt does not understand the URI %s: %s; a usual one is qemu:///system or qemu+ssh://HOST/system",
				  uri, why);
	return mt_err_set(err, -ECONNREFUSED,
			  "cannot reach %s: %s; is libvirtd running there, and does it listen?",
			  uri, why);
}
