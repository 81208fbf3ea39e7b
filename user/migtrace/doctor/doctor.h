/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor.h - what is looked at by `migtrace doctor`: one function a row
 */
#ifndef DOCTOR_H
#define DOCTOR_H

#include <stdbool.h>

#include "hypervisor/domain.h"
#include "hypervisor/versions.h"

enum doctor_result {
	DOCTOR_OK,
	DOCTOR_WARN,		/* works, with something to know */
	DOCTOR_MISSING,		/* needed, and not there: exit status 1 */
	DOCTOR_UNKNOWN,		/* cannot be told */
	DOCTOR_SKIP,		/* does not matter here, or not yet */
	DOCTOR_RESULT_COUNT
};

/* What was learned before the checks, and is the same for all. */
struct doctor {
	const char *uri;		/* as given; may be NULL */
	bool local;			/* the hypervisor is this host */
	struct mt_conn *conn;		/* NULL: no connection, see conn_err */
	struct mt_err conn_err;
	bool qemu;			/* the connection's driver is QEMU's */
	struct mt_versions versions;
	struct mt_domain_info *domains;	/* running ones */
	size_t n_domains;
	struct mt_err domains_err;	/* code 0: domains is good */
};

struct finding {
	enum doctor_result result;
	char found[256];
	char remedy[320];		/* "" = none needed */
};

struct doctor_check {
	const char *name;
	void (*run)(const struct doctor *d, struct finding *f);
};

/* The rows, in the order shown; NULL beyond the last. */
const struct doctor_check *doctor_host_check(size_t i);
const struct doctor_check *doctor_bpf_check(size_t i);
const struct doctor_check *doctor_virt_check(size_t i);

void doctor_found(struct finding *f, enum doctor_result result, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void doctor_remedy(struct finding *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
