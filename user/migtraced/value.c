// SPDX-License-Identifier: GPL-2.0-or-later
/* value.c - the kinds of value that a configuration key may have */
#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/un.h>

#include "base/units.h"
#include "history/db.h"
#include "listener.h"
#include "value.h"

/* --- lists ------------------------------------------------------------ */

static int list_add(struct config_list *list, const char *item, size_t len)
{
	char **items = realloc(list->items, (list->n + 2) * sizeof(*items));

	if (!items)
		return -ENOMEM;
	list->items = items;
	items[list->n] = strndup(item, len);
	items[list->n + 1] = NULL;
	if (!items[list->n])
		return -ENOMEM;
	list->n++;
	return 0;
}

void value_list_free(struct config_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct config_list){ 0 };
}

/* --- parsing ---------------------------------------------------------- */

static bool looks_like_uri(const char *s, size_t len)
{
	size_t i = 0;

	while (i < len && (isalnum((unsigned char)s[i]) || strchr("+-.", s[i])))
		i++;
	return i > 0 && i < len && s[i] == ':' && i + 1 < len;
}

#define UUID_PREFIX	"uuid:"
#define UUID_LEN	36	/* as libvirt writes it, 8-4-4-4-12 */

const char *value_uuid_pattern(const char *pattern)
{
	return strncmp(pattern, UUID_PREFIX, strlen(UUID_PREFIX)) ? NULL :
								    pattern + strlen(UUID_PREFIX);
}

/* Whether it is a UUID as libvirt writes it, but for upper case. */
static bool is_uuid(const char *s, size_t len)
{
	if (len != UUID_LEN)
		return false;
	for (size_t i = 0; i < len; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23 ? s[i] != '-' :
							      !isxdigit((unsigned char)s[i]))
			return false;
	return true;
}

/* What can never match must not stand there and look as if it exempted somebody. */
int value_check_pattern(const char *pattern, size_t len, struct mt_err *err)
{
	const char *uuid = len >= strlen(UUID_PREFIX) ? value_uuid_pattern(pattern) : NULL;

	if (!len)
		return mt_err_set(err, -EINVAL,
				  "a name, a pattern, or uuid: and a UUID is missing");
	if (!uuid)
		return 0;
	len -= strlen(UUID_PREFIX);
	if (is_uuid(uuid, len))
		return 0;
	if (len && !memchr(uuid, '*', len) && !memchr(uuid, '?', len) && !memchr(uuid, '[', len))
		return mt_err_set(err, -EINVAL,
				  "'%.*s' is no UUID such as 6f1c1c5e-5d0b-4a43-9a5c-3f7d1b0a2c44",
				  (int)len, uuid);
	for (size_t i = 0; i < len; i++)
		if (!isxdigit((unsigned char)uuid[i]) && !strchr("-*?[]!^", uuid[i]))
			return mt_err_set(
				err, -EINVAL,
				"no UUID matches '%.*s': of hexadecimal digits, '-' and * ? [ ] only",
				(int)len, uuid);
	return len ? 0 :
		     mt_err_set(err, -EINVAL,
				"a UUID, or a pattern of UUIDs, is missing behind uuid:");
}

static int parse_list(const struct config_key *key, const char *value, struct config_list *list,
		      struct mt_err *why)
{
	if (!list->items) {
		list->items = calloc(1, sizeof(*list->items));
		if (!list->items)
			return -ENOMEM;
	}
	while (*(value += strspn(value, " \t"))) {
		size_t len = strcspn(value, " \t");

		if (key->key.kind == VALUE_URIS && !looks_like_uri(value, len))
			return mt_err_set(why, -EINVAL, "'%.*s' is none", (int)len, value);
		/*
		 * A key that is indented by mistake would else become a pattern that matches
		 * nothing.
		 */
		if (key->key.kind == VALUE_GLOBS && memchr(value, '=', len))
			return mt_err_set(
				why, -EINVAL,
				"no '=' in them; an indented line continues the key before it");
		if (key->key.kind == VALUE_GLOBS && value_check_pattern(value, len, why))
			return -EINVAL;
		if (list_add(list, value, len))
			return -ENOMEM;
		value += len;
	}
	return 0;
}

static int parse_size(const struct config_key *key, const char *value, uint64_t *out,
		      struct mt_err *why)
{
	uint64_t bytes;
	int ret;

	if (!strcmp(value, "none")) {
		*out = 0;
		return 0;
	}
	ret = mt_parse_size_bytes(key->key.name, value, &bytes, why);
	if (ret)
		return ret;
	if (bytes < key->key.min || bytes > key->key.max)
		return -ERANGE;
	*out = bytes;
	return 0;
}

static void print_size(uint64_t bytes, FILE *out)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	size_t unit = 0;

	while (bytes && bytes % 1024 == 0 && unit + 1 < MT_ARRAY_SIZE(units)) {
		bytes /= 1024;
		unit++;
	}
	if (bytes)
		fprintf(out, " %llu%s", (unsigned long long)bytes, units[unit]);
	else
		fputs(" none", out);
}

static int parse_group(const char *value, struct config_group *out, bool no_lookup)
{
	struct group *gr = NULL;
	uint64_t number;
	char *name;

	out->gid = (gid_t)-1;
	if (*value && !mt_parse_count("group", value, (gid_t)-2, &number, NULL)) {
		out->gid = number;
	} else if (*value && !no_lookup) {
		gr = getgrnam(value);
		if (!gr)
			return -EINVAL;
		out->gid = gr->gr_gid;
	}
	name = strdup(value);
	if (!name)
		return -ENOMEM;
	free(out->name);
	out->name = name;
	return 0;
}

static int parse_octal(const struct config_key *key, const char *value, uint64_t *out)
{
	uint64_t n = 0;

	if (!*value || strlen(value) > 6 || strspn(value, "01234567") != strlen(value))
		return -EINVAL;
	for (; *value; value++)
		n = n * 8 + (*value - '0');
	if (n > key->key.max)
		return -ERANGE;
	*out = n;
	return 0;
}

static int set_string(char **out, const char *value)
{
	char *copy = strdup(value);

	if (!copy)
		return -ENOMEM;
	free(*out);
	*out = copy;
	return 0;
}

static int parse_history(const char *value, char **out, struct mt_err *why)
{
	const struct mt_db_ops *ops = mt_db_ops_of(value);

	if (!strcmp(value, "default") || !strcmp(value, "none"))
		return set_string(out, value);
	if (!ops || (!ops->check && *value != '/'))
		return -EINVAL;
	if (ops->check && ops->check(value, why))
		return -EINVAL;
	return set_string(out, value);
}

int value_parse(const struct config_key *key, void *base, const char *value, bool no_lookup,
		struct mt_err *why)
{
	void *out = (char *)base + key->key.offset;

	if (key->key.kind < MT_KEY_KINDS)
		return mt_key_parse(&key->key, base, value, why);
	switch ((enum value_kind)key->key.kind) {
	case VALUE_SIZE_OR_NONE:
		return parse_size(key, value, out, why);
	case VALUE_URI:
		if (!looks_like_uri(value, strlen(value)) || strpbrk(value, " \t"))
			return -EINVAL;
		return set_string(out, value);
	case VALUE_PATH_OR_EMPTY:
		return !*value || *value == '/' ? set_string(out, value) : -EINVAL;
	case VALUE_HISTORY:
		return parse_history(value, out, why);
	case VALUE_SOCKET:
		if (*value != '/' || strlen(value) >= sizeof(((struct sockaddr_un *)0)->sun_path))
			return -EINVAL;
		return set_string(out, value);
	case VALUE_ADDRESS:
		return !*value || listener_is_address(value) ? set_string(out, value) : -EINVAL;
	case VALUE_GLOBS:
	case VALUE_URIS:
		return parse_list(key, value, out, why);
	case VALUE_GROUP:
		return parse_group(value, out, no_lookup);
	case VALUE_OCTAL:
		return parse_octal(key, value, out);
	}
	return -EINVAL;
}

/* --- the rest --------------------------------------------------------- */

static void print_rule(const struct config_key *key, const void *base, FILE *out)
{
	const void *in = (const char *)base + key->key.offset;
	const char *ignores = "";
	char text[MT_KEY_TEXT_MAX];

	if (key->key.kind == MT_KEY_POLICY)
		ignores = mt_policy_ignores(*(const struct mt_policy *const *)in);
	fprintf(out, " %s%s%s\n", mt_key_text(&key->key, base, text),
		*ignores ? " ; does not heed " : "", ignores);
}

void value_print(const struct config_key *key, const void *base, FILE *out)
{
	const void *in = (const char *)base + key->key.offset;
	const struct config_list *list;
	size_t column;

	fprintf(out, "%s =", key->key.name);
	if (key->key.kind < MT_KEY_KINDS) {
		print_rule(key, base, out);
		return;
	}
	switch ((enum value_kind)key->key.kind) {
	case VALUE_SIZE_OR_NONE:
		print_size(*(const uint64_t *)in, out);
		break;
	case VALUE_OCTAL:
		fprintf(out, " %04llo", (unsigned long long)*(const uint64_t *)in);
		break;
	case VALUE_URI:
	case VALUE_PATH_OR_EMPTY:
	case VALUE_HISTORY:
	case VALUE_SOCKET:
	case VALUE_ADDRESS:
		if (**(char *const *)in)
			fprintf(out, " %s", *(char *const *)in);
		break;
	case VALUE_GROUP:
		if (*((const struct config_group *)in)->name)
			fprintf(out, " %s", ((const struct config_group *)in)->name);
		break;
	case VALUE_GLOBS:
	case VALUE_URIS:
		list = in;
		column = strlen(key->key.name) + 2;
		for (size_t i = 0; i < list->n; i++) {
			if (column + strlen(list->items[i]) > 100) {
				fputs("\n ", out);
				column = 1;
			}
			column += 1 + strlen(list->items[i]);
			fprintf(out, " %s", list->items[i]);
		}
		break;
	}
	fputc('\n', out);
}

bool value_is_same(const struct config_key *key, const void *a, const void *b)
{
	const void *x = (const char *)a + key->key.offset, *y = (const char *)b + key->key.offset;

	/* by name: one of them may not have been looked up */
	if (key->key.kind == VALUE_GROUP)
		return !strcmp(((const struct config_group *)x)->name,
			       ((const struct config_group *)y)->name);
	if (key->key.kind == VALUE_OCTAL || key->key.kind == MT_KEY_COUNT)
		return *(const uint64_t *)x == *(const uint64_t *)y;
	return !strcmp(*(char *const *)x, *(char *const *)y);
}

int value_keep(const struct config_key *key, void *to, const void *from)
{
	const void *in = (const char *)from + key->key.offset;
	void *out = (char *)to + key->key.offset;

	if (key->key.kind == VALUE_OCTAL || key->key.kind == MT_KEY_COUNT) {
		*(uint64_t *)out = *(const uint64_t *)in;
		return 0;
	}
	if (key->key.kind == VALUE_GROUP) {
		((struct config_group *)out)->gid = ((const struct config_group *)in)->gid;
		return set_string(&((struct config_group *)out)->name,
				  ((const struct config_group *)in)->name);
	}
	return set_string(out, *(char *const *)in);
}

bool value_is_list(unsigned kind)
{
	return kind == VALUE_GLOBS || kind == VALUE_URIS;
}
