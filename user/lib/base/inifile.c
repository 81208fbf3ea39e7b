// SPDX-License-Identifier: LGPL-2.1-or-later
/* inifile.c - an INI file, each line of which is understood or complained of */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include <ini.h>

#include "inifile.h"
#include "utf8.h"

static void complain(struct mt_ini *ini, unsigned at, const char *fmt, va_list ap)
{
	char what[MT_INI_LINE_MAX + 768], line[sizeof(what) + 512];

	vsnprintf(what, sizeof(what), fmt, ap);
	mt_utf8_scrub(what);
	if (at)
		snprintf(line, sizeof(line), "%s:%u: %s", ini->path, at, what);
	else
		snprintf(line, sizeof(line), "%s: %s", ini->path, what);
	ini->errors++;
	ini->error(line, ini->opaque);
}

void mt_ini_complain(struct mt_ini *ini, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(ini, ini->line, fmt, ap);
	va_end(ap);
}

void mt_ini_complain_at(struct mt_ini *ini, unsigned line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(ini, line, fmt, ap);
	va_end(ap);
}

static void line_end(struct mt_ini *ini)
{
	if (!ini->understood)
		mt_ini_complain(ini, "neither [section] nor key = value");
	ini->understood = true;
}

/* @line is "[...". inih would take it silently, so names are read here. NULL: it has none. */
static void read_section(struct mt_ini *ini, char *line)
{
	char *end = line ? strrchr(line, ']') : NULL;	/* the last: a pattern may have [a-z] in
							 * it */
	char *name = line + 1;

	ini->in_key = false;
	if (!end) {
		if (line)
			mt_ini_complain(ini, "'[' without ']'");
		ini->section(ini, NULL);
		return;
	}
	if (end[1 + strspn(end + 1, " \t")])
		mt_ini_complain(ini, "text after the section's ']'");
	*end = '\0';
	name += strspn(name, " \t");
	for (end = name + strlen(name); end > name && isblank((unsigned char)end[-1]); end--)
		end[-1] = '\0';
	ini->section(ini, name);
}

/* Return: what is on the line, without a comment and blanks at its end; NULL: it cannot be told. */
static char *strip(struct mt_ini *ini, char *line, size_t len)
{
	char *comment;

	if (ini->line == 1 && !strncmp(line, "\xef\xbb\xbf", 3)) {
		line += 3;
		len -= 3;
	}
	if (strlen(line) != len) {
		mt_ini_complain(ini, "a NUL byte");
		return NULL;
	}
	/* Also in continued lines, where inih 55 leaves them. */
	comment = strchr(line, ';');
	while (comment && comment > line && !isspace((unsigned char)comment[-1]))
		comment = strchr(comment + 1, ';');
	if (comment)
		*comment = '\0';
	for (len = strlen(line); len && isspace((unsigned char)line[len - 1]); len--)
		line[len - 1] = '\0';
	return line;
}

/* inih's fgets(): one line at a time, so that every error has its line. */
static char *read_line(char *out, int size, void *opaque)
{
	struct mt_ini *ini = opaque;
	char *line, *text;
	ssize_t len;

	line_end(ini);
	len = getline(&ini->buf, &ini->buf_size, ini->file);
	if (len < 0)
		return NULL;
	ini->line++;
	out[0] = '\n';
	out[1] = '\0';
	line = strip(ini, ini->buf, (size_t)len);
	if (!line)
		return out;
	len = (ssize_t)strlen(line);
	text = line + strspn(line, " \t");
	if (!*text || *text == '#')
		return out;
	if (len > MT_INI_LINE_MAX) {
		mt_ini_complain(ini, "longer than %d bytes", MT_INI_LINE_MAX);
		if (*text == '[')
			read_section(ini, NULL);	/* what follows belongs to a section that
							 * nobody knows */
		ini->in_key = ini->refused = true;
	} else if (*text == '[') {
		read_section(ini, text);
	} else if (text > line && ini->in_key) {
		if (!ini->refused)
			ini->more(ini, text);
	} else if (len > MT_INI_KEY_LINE_MAX || len > size - 3) {
		mt_ini_complain(ini,
				"longer than %d bytes; a list goes on in further lines, indented",
				MT_INI_KEY_LINE_MAX);
	} else {
		ini->understood = false;
		memcpy(out, text, strlen(text) + 1);
	}
	return out;
}

/* inih's handler. Return 1, "handled": errors are counted here. */
static int on_value(void *opaque, const char *section, const char *key, const char *value)
{
	struct mt_ini *ini = opaque;

	ini->understood = true;
	ini->in_key = true;
	ini->refused = !ini->value(ini, key, value);
	return 1;
}

int mt_ini_read(struct mt_ini *ini)
{
	ini->file = fopen(ini->path, "re");
	if (!ini->file)
		return -errno;
	ini->understood = true;
	if (ini_parse_stream(read_line, ini, on_value, ini) < 0)
		mt_ini_complain_at(ini, 0, "out of memory");
	line_end(ini);
	if (ferror(ini->file))
		mt_ini_complain_at(ini, 0, "cannot be read: %s", strerror(errno));
	fclose(ini->file);
	free(ini->buf);
	return 0;
}
