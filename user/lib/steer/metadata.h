/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * metadata.h - what the host's administrator has written into a guest's definition for us
 *
 * libvirt keeps it with the guest, and moves it with it:
 *	virsh metadata DOMAIN urn:migtrace:guest:1 migtrace \
 *		--set '<guest policy="timeout" timeout="60s"/>'
 * Its attributes are the keys of a rule (rule.h). No tenant can write it; it is untrusted text all
 * the same.
 */
#ifndef MT_METADATA_H
#define MT_METADATA_H

#include "rule.h"

#define MT_METADATA_URI		"urn:migtrace:guest:1"
#define MT_METADATA_MAX		4096	/* bytes; all keys there are take a third of it */

/*
 * One empty element <guest KEY="VALUE" .../> and nothing else. -EINVAL: something is wrong with it,
 * and nothing of it may be used; @err says what.
 */
MT_MUST_CHECK int mt_metadata_parse(const char *xml, struct mt_rule_part *part, struct mt_err *err);

/* Asks for it. -ENODATA: there is none; -EINVAL: as above; else as mt_virt_error(). */
MT_MUST_CHECK int mt_metadata_read(struct mt_conn *c, const char *uuid, struct mt_rule_part *part,
				   struct mt_err *err);

#endif
