// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * recording_load.c - a recording read, and what there is to be said about that
 */
#include "cmd.h"
#include "recording_load.h"

int recording_load(struct mt_recording **rec, const char *path, struct mt_err *err)
{
	const struct mt_recording *r;
	int rc = mt_recording_load(rec, path, err);

	if (rc)
		return rc;
	r = *rec;
	if (r->truncated && r->bound)
		cmd_warn("%s: read up to line %zu only: %s", path, r->truncated_after, r->bound);
	else if (r->truncated)
		cmd_warn("%s ends early after %zu entries; the writer was killed or the disk was full", path,
			 r->foreign || !r->truncated_after ? r->n_entries : r->truncated_after - 1);
	if (r->strange_entries || r->strange_words)
		cmd_warn(
			"%s: written by a later migtrace: %zu entries left out, %zu words taken for unknown",
			path, r->strange_entries, r->strange_words);
	return 0;
}
