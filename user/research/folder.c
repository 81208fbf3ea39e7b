// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * folder.c - the folder that a file lies in, also where its path does not name it
 */
#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "folder.h"

char *folder_of(const char *path)
{
	mt_autofree char *whole = realpath(path, NULL);

	return whole ? strdup(basename(dirname(whole))) : NULL;
}
