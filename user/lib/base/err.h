/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * err.h - one error: a negative errno and the one line a person reads
 *
 * Library functions return 0 or -errno. Where a bare errno does not say what
 * to do, they take a struct mt_err and fill in one line, without a newline:
 * what is wrong and how to fix it. The program prints it, once, at its edge.
 */
#ifndef MT_ERR_H
#define MT_ERR_H

struct mt_err {
	int code;		/* negative errno, 0 = no error */
	char msg[512];		/* one line, no newline, never empty when code != 0 */
};

/**
 * mt_err_set() - record an error; the first one recorded wins
 * @err: may be NULL: then only the code is handed through
 * @code: negative errno
 * @fmt: printf format of the line
 *
 * Return: @code, so that callers write ``return mt_err_set(err, -EINVAL, ...)``.
 */
int mt_err_set(struct mt_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
