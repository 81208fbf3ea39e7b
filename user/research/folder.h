/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * folder.h - the folder that a file lies in, which is what its guest did
 */
#ifndef FOLDER_H
#define FOLDER_H

/* Its name alone, to be freed; NULL: the file is not there, or no memory. */
char *folder_of(const char *path);

#endif
