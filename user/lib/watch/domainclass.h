/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domainclass.h - the class of a guest that is looked at from time to time, whether it migrates or
 * not
 */
#ifndef MT_DOMAINCLASS_H
#define MT_DOMAINCLASS_H

#include "source/classifier.h"
#include "domainwork.h"

/* Begins with ->work's connection and UUID, and what the link carries. */
struct mt_domainclass {
	struct mt_domainwork work;
	double link_bytes_per_s;
	struct mt_classifier class;	/* ->samples 0: nothing is known yet */
	struct mt_class_load load;	/* the newest */
};

void mt_domainclass_init(struct mt_domainclass *d, struct mt_conn *conn, const char *uuid,
			 double link_bytes_per_s);
/*
 * Once a second, else nothing; the first time only begins to count. @dirty_bytes_per_s: NaN: not
 * known. May block as mt_domainwork_read(). Return: whether there was a sample.
 */
bool mt_domainclass_look(struct mt_domainclass *d, double dirty_bytes_per_s);

#endif
