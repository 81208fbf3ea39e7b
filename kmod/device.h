/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * device.h - /dev/migtrace
 */
#ifndef MIGTRACE_DEVICE_H
#define MIGTRACE_DEVICE_H

int migtrace_device_init(void);
void migtrace_device_fini(void);

#endif
