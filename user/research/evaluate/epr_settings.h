/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * epr_settings.h - the settings under which FM and AM are evaluated, each with a number
 */
#ifndef EPR_SETTINGS_H
#define EPR_SETTINGS_H

#include "model/markov/epr.h"

enum {
	EPR_DEFAULT,
	/*
	 * In slots of a second. QEMU resets its rings once a second, and KVM logs a page once until
	 * then: slots of 100 ms have a period of ten that is the log's, these have not.
	 */
	EPR_SECONDS,
};

/* NULL behind the last */
const char *epr_setting_name(size_t i);
/* So many slots of a series become one first; 0: none do. */
unsigned epr_setting_coarse(size_t i);
/* The default has more horizons than the others. */
struct mt_epr_params epr_setting_params(size_t i);

#endif
