/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * model.h - what the model table's rows share
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include <errno.h>
#include <migtrace/model.h>

extern const struct mt_model mt_model_precopy;
extern const struct mt_model mt_model_outlook;
extern const struct mt_model mt_model_qemu;

#endif
