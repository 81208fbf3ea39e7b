# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by bash: where Debian is had from.

# mirror PATTERN: where the machine's own apt has that archive from.
mirror()
{
	apt-get --print-uris update 2>/dev/null | sed -n "s|^'\(.*\)/dists/$1/InRelease'.*|\1|p" | head -n 1 || :
}
