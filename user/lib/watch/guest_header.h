/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guest_header.h - the header of a guest's recording
 */
#ifndef MT_GUEST_HEADER_H
#define MT_GUEST_HEADER_H

#include "hypervisor/domain.h"
#include "hypervisor/versions.h"
#include "store/record.h"

/*
 * What is known of the guest and of its host, begun now; the caller adds what is done with it:
 * policy, mode, limits, destination. Strings stay the callers'. @source: the host's URI. @tool:
 * with its version.
 */
struct mt_record_header mt_guest_header(const struct mt_domain_info *d, const struct mt_versions *v,
					const char *source, const char *tool);

#endif
