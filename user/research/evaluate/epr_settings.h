/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * epr_settings.h - the settings under which FM and AM are evaluated, each with a number
 */
#ifndef EPR_SETTINGS_H
#define EPR_SETTINGS_H

#include "model/markov/epr.h"

#define EPR_DEFAULT	0

/* NULL behind the last */
const char *epr_setting_name(size_t i);
/* So many slots of a series become one first; 0: none do. */
unsigned epr_setting_coarse(size_t i);
/* The default has more horizons than the others. */
struct mt_epr_params epr_setting_params(size_t i);

#endif
