/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * web_files.h - the page's files, built in
 */
#ifndef MIGTRACED_WEB_FILES_H
#define MIGTRACED_WEB_FILES_H

struct web_file {
	const char *url, *type;
	const char *begin, *end;
};

extern const struct web_file web_files[];	/* ends with a row without a url */

#endif
