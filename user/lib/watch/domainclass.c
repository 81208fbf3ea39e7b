// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * domainclass.c - the class of a guest that is looked at from time to time
 */
#include "domainclass.h"

void mt_domainclass_init(struct mt_domainclass *d, struct mt_conn *conn, const char *uuid,
			 double link_bytes_per_s)
{
	*d = (struct mt_domainclass){
		.work = { .conn = conn, .uuid = uuid }, .link_bytes_per_s = link_bytes_per_s,
		.load = MT_CLASS_LOAD_UNKNOWN,
	};
	mt_classifier_init(&d->class, NULL);
}

bool mt_domainclass_look(struct mt_domainclass *d, double dirty_bytes_per_s)
{
	struct mt_class_load load = MT_CLASS_LOAD_UNKNOWN;
	struct mt_err err = { 0 };
	struct mt_work work;

	if (mt_domainwork_read(&d->work, &work, &err) != 1)
		return false;
	mt_class_load_work(&load, &work);
	load.dirty_bytes_per_s = dirty_bytes_per_s;
	load.link_bytes_per_s = d->link_bytes_per_s;
	d->load = load;
	mt_classifier_feed(&d->class, &load);
	return true;
}
