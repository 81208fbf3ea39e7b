/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virterror.h - libvirt's errors as ours
 */
#ifndef MT_VIRTERROR_H
#define MT_VIRTERROR_H

#include <libvirt/virterror.h>

#include "base/err.h"

/* As mt_virt_error(), of an error at hand. @e NULL: libvirt gave none. */
int mt_virt_error_code(const virError *e);

/*
 * Why a connection to @uri did not come about: -ECONNREFUSED, -EACCES or -EINVAL,
 * and a line that says what to do.
 */
int mt_virt_open_error(struct mt_err *err, const char *uri, const virError *e);

#endif
