// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * qmp.c - the little of QEMU's monitor protocol that is read here
 *
 * Threads: any; keeps nothing.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "qmp.h"

static void cleanup_json(json_t **j)
{
	json_decref(*j);
}

#define autojson MT_CLEANUP(cleanup_json)

static json_t *load(const char *text)
{
	return text ? json_loads(text, 0, NULL) : NULL;
}

int mt_qmp_migration_status(const char *details, char *status, size_t size)
{
	autojson json_t *j = load(details);
	const char *value = json_string_value(json_object_get(j, "status"));

	if (!value || !size || strlen(value) >= size)
		return -EBADMSG;
	strcpy(status, value);
	return 0;
}

int mt_qmp_migration_pass(const char *details, uint64_t *pass)
{
	autojson json_t *j = load(details);
	json_t *value = json_object_get(j, "pass");

	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return -EBADMSG;
	*pass = (uint64_t)json_integer_value(value);
	return 0;
}

int mt_qmp_capability(const char *reply, const char *capability)
{
	autojson json_t *j = load(reply);
	json_t *list = json_object_get(j, "return"), *entry;
	size_t i;

	if (!json_is_array(list))
		return -EBADMSG;
	json_array_foreach(list, i, entry) {
		const char *name = json_string_value(json_object_get(entry, "capability"));

		if (name && !strcmp(name, capability))
			return json_is_true(json_object_get(entry, "state"));
	}
	return 0;
}

int mt_qmp_done(const char *reply, char *why, size_t size)
{
	autojson json_t *j = load(reply);
	const char *words = json_string_value(json_object_get(json_object_get(j, "error"), "desc"));

	snprintf(why, size, "%s", words ? words : "it does not say why");
	if (json_is_object(json_object_get(j, "return")))
		return 0;
	return json_is_object(json_object_get(j, "error")) ? -EIO : -EBADMSG;
}

int mt_qmp_query_migrate(const char *reply, enum mt_status *status)
{
	autojson json_t *j = load(reply);
	json_t *answer = json_object_get(j, "return"), *word;

	if (!json_is_object(answer))
		return -EBADMSG;
	*status = MT_STATUS_NONE;
	word = json_object_get(answer, "status");
	if (word && !json_is_string(word))
		return -EBADMSG;
	if (word)
		*status = mt_status_of(json_string_value(word));
	return 0;
}

int mt_qmp_vcpu_limit(const char *reply, uint64_t *mib_per_s)
{
	autojson json_t *j = load(reply);
	json_t *list = json_object_get(j, "return"), *vcpu;
	uint64_t lowest = 0;
	size_t i;

	if (!json_is_array(list))
		return -EBADMSG;
	json_array_foreach(list, i, vcpu) {
		json_t *rate = json_object_get(vcpu, "limit-rate");
		uint64_t one = (uint64_t)json_integer_value(rate);

		if (!json_is_integer(rate) || json_integer_value(rate) < 0)
			return -EBADMSG;
		if (one && (!lowest || one < lowest))
			lowest = one;
	}
	*mib_per_s = lowest;
	return 0;
}
