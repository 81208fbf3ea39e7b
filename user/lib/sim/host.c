// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * host.c - what things take on the hosts, in words (PURE)
 */
#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "sim.h"

enum kind { NS, MS, BYTES, COUNT };

#define AT(field)	offsetof(struct mt_sim_host, field)

static const struct key {
	const char *name;
	enum kind kind;
	size_t offset;
} keys[] = {
	{ "buffer", BYTES, AT(buffer_bytes) },
	{ "there-buffer", BYTES, AT(there_buffer_bytes) },
	{ "rtt", MS, AT(rtt_ms) },
	{ "setup", MS, AT(setup_ms) },
	{ "page", NS, AT(page_ns) },
	{ "zero-page", NS, AT(zero_page_ns) },
	{ "xbzrle-page", NS, AT(xbzrle_page_ns) },
	{ "compress-page", NS, AT(compress_page_ns) },
	{ "there-page", NS, AT(there_page_ns) },
	{ "there-zero-page", NS, AT(there_zero_page_ns) },
	{ "there-zero-postcopy", NS, AT(there_zero_postcopy_ns) },
	{ "there-discard", NS, AT(there_discard_ns) },
	{ "sync", MS, AT(sync_ms) },
	{ "wake", MS, AT(wake_ms) },
	{ "stop", MS, AT(stop_ms) },
	{ "devices", BYTES, AT(device_bytes) },
	{ "finish", MS, AT(finish_ms) },
	{ "resume", MS, AT(resume_ms) },
	{ "place", MS, AT(place_ms) },
	{ "touches", COUNT, AT(beat_touches) },
};

/* "8.5us" */
static int parse_ns(const char *name, const char *text, double *ns, struct mt_err *err)
{
	static const struct {
		const char *unit;
		double factor;
	} units[] = { { "ns", 1 }, { "us", 1e3 }, { "ms", 1e6 }, { "s", 1e9 } };
	char *end;
	double v = strtod(text, &end);

	for (size_t i = 0; i < MT_ARRAY_SIZE(units) && isdigit((unsigned char)*text) && v < 1e12;
	     i++) {
		if (!strcmp(end, units[i].unit)) {
			*ns = v * units[i].factor;
			return 0;
		}
	}
	return mt_err_set(err, -EINVAL,
			  "--host %s=%s is no duration, as in 8.5us; ns, us, ms and s are known",
			  name, text);
}

static int set(struct mt_sim_host *host, const struct key *key, const char *text,
	       struct mt_err *err)
{
	void *at = (char *)host + key->offset;
	uint64_t u = 0;
	double ns = 0;
	int rc;

	switch (key->kind) {
	case BYTES:
		rc = mt_parse_size_bytes(key->name, text, &u, err);
		if (!rc)
			*(double *)at = (double)u;
		return rc;
	case COUNT:
		rc = mt_parse_count(key->name, text, 1000000, &u, err);
		if (!rc)
			*(unsigned *)at = (unsigned)u;
		return rc;
	case NS:
	case MS:
		rc = parse_ns(key->name, text, &ns, err);
		if (!rc)
			*(double *)at = key->kind == NS ? ns : ns / 1e6;
		return rc;
	}
	return -EINVAL;
}

/*
 * tcg is what mt_sim_defaults() has, measured; of kvm nothing was measured here: a page copied at
 * 14 GB/s, a zero page looked at at 16. Inferred.
 */
static const struct preset {
	const char *name, *words;
} presets[] = {
	{ "tcg", "" },
	{ "kvm", "page=300ns,zero-page=250ns,there-page=200ns,there-zero-page=100ns,there-zero-postcopy=100ns,there-discard=300ns,"
		 "xbzrle-page=1us,compress-page=25us,stop=5ms,finish=20ms" },
};

static const struct preset *preset_of(const char *word)
{
	for (size_t i = 0; i < MT_ARRAY_SIZE(presets); i++)
		if (!strcmp(presets[i].name, word))
			return &presets[i];
	return NULL;
}

const char *mt_sim_host_name(const char *words)
{
	mt_autofree char *first = strndup(words ? words : "", words ? strcspn(words, ",") : 0);
	const struct preset *preset = first ? preset_of(first) : NULL;

	return preset ? preset->name : presets[0].name;
}

int mt_sim_host_parse(struct mt_sim_host *host, const char *words, struct mt_err *err)
{
	mt_autofree char *copy = strdup(words);
	char *rest = copy, *word;

	if (!copy)
		return mt_err_set(err, -ENOMEM, "out of memory");
	while ((word = strsep(&rest, ","))) {
		char *value = strchr(word, '=');
		const struct key *key = NULL;
		int rc;

		if (word == copy && preset_of(word)) {
			rc = *preset_of(word)->words ?
				     mt_sim_host_parse(host, preset_of(word)->words, err) :
				     0;
			if (rc)
				return rc;
			continue;
		}
		if (value)
			*value++ = '\0';
		for (size_t i = 0; i < MT_ARRAY_SIZE(keys) && value && !key; i++)
			if (!strcmp(keys[i].name, word))
				key = &keys[i];
		if (!key)
			return mt_err_set(err, -EINVAL,
					  "--host has no %s; migtrace-simulate(1) has the list",
					  word);
		rc = set(host, key, value, err);
		if (rc)
			return rc;
	}
	return 0;
}
