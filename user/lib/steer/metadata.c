// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * metadata.c - what the host's administrator has written into a guest's definition for us
 *
 * Of XML only what is needed: one element with attributes, as libvirt writes it. What could hide
 * something (children, text, entities, comments) is refused.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "metadata.h"

#define ELEMENT		"guest"
#define BLANKS		" \t\r\n"
#define NAME_CHARS	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:"

static int malformed(struct mt_err *err)
{
	return mt_err_set(err, -EINVAL, "it has to be one empty element <%s KEY=\"VALUE\" .../>",
			  ELEMENT);
}

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, BLANKS);
}

/* Copies a name, and moves on. Return: whether there is one that fits. */
static bool take_name(const char **p, char *name, size_t size)
{
	size_t len = strspn(*p, NAME_CHARS);

	if (!len || len >= size)
		return false;
	memcpy(name, *p, len);
	name[len] = '\0';
	*p += len;
	return true;
}

/* libvirt puts a prefix of its own before the element. */
static const char *local(const char *name)
{
	const char *colon = strchr(name, ':');

	return colon ? colon + 1 : name;
}

/* = "VALUE", without entities. */
static bool take_value(const char **p, char *value, size_t size)
{
	char quote;
	size_t len;

	*p = skip_blanks(*p);
	if (**p != '=')
		return false;
	*p = skip_blanks(*p + 1);
	quote = **p;
	if (quote != '"' && quote != '\'')
		return false;
	++*p;
	len = strcspn(*p, quote == '"' ? "\"<&" : "'<&");
	if ((*p)[len] != quote || len >= size)
		return false;
	memcpy(value, *p, len);
	value[len] = '\0';
	*p += len + 1;
	return true;
}

static bool is_namespace(const char *name)
{
	return !strcmp(name, "xmlns") || !strncmp(name, "xmlns:", strlen("xmlns:"));
}

static int take_attributes(const char **p, struct mt_rule_part *part, struct mt_err *err)
{
	char name[64], value[128];

	for (;;) {
		const char *at = skip_blanks(*p);
		int ret;

		if (*at == '/' || *at == '>') {
			*p = at;
			return 0;
		}
		if (at == *p || !take_name(&at, name, sizeof(name)) ||
		    !take_value(&at, value, sizeof(value)))
			return malformed(err);
		*p = at;
		ret = is_namespace(name) ? 0 : mt_rule_part_set(part, name, value, err);
		if (ret)
			return ret;
	}
}

/* "/>", or ">" and the end of the same element. */
static bool take_end(const char **p, const char *element)
{
	char name[64];

	if (!strncmp(*p, "/>", 2)) {
		*p += 2;
		return true;
	}
	*p = skip_blanks(*p + 1);
	if (strncmp(*p, "</", 2))
		return false;
	*p += 2;
	if (!take_name(p, name, sizeof(name)) || strcmp(name, element))
		return false;
	*p = skip_blanks(*p);
	return *(*p)++ == '>';
}

/* Nothing that is accepted has anything but these; what is told of the rest is fit for a log. */
static bool is_plain(const char *xml)
{
	for (; *xml; xml++)
		if ((*xml < ' ' || *xml > '~') && !strchr(BLANKS, *xml))
			return false;
	return true;
}

int mt_metadata_parse(const char *xml, struct mt_rule_part *part, struct mt_err *err)
{
	const char *p = xml;
	char element[64];
	int ret;

	*part = (struct mt_rule_part){ .rule.limits = MT_LIMITS_UNSET };
	if (strnlen(xml, MT_METADATA_MAX + 1) > MT_METADATA_MAX)
		return mt_err_set(err, -EINVAL, "it has more than %d bytes", MT_METADATA_MAX);
	if (!is_plain(xml))
		return mt_err_set(err, -EINVAL,
				  "it has bytes beyond printable ASCII, which no value has");
	p = skip_blanks(p);
	if (*p++ != '<' || !take_name(&p, element, sizeof(element)) ||
	    strcmp(local(element), ELEMENT))
		return malformed(err);
	ret = take_attributes(&p, part, err);
	if (ret)
		return ret;
	if (!take_end(&p, element) || *skip_blanks(p))
		return malformed(err);
	return 0;
}

int mt_metadata_read(struct mt_conn *c, const char *uuid, struct mt_rule_part *part,
		     struct mt_err *err)
{
	mt_autofree char *xml = NULL;
	int ret;

	*part = (struct mt_rule_part){ .rule.limits = MT_LIMITS_UNSET };
	ret = mt_domain_metadata(c, uuid, MT_METADATA_URI, &xml, err);
	if (!ret)
		ret = mt_metadata_parse(xml, part, err);
	return ret;
}
