#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The packages in a clean Debian: installed, upgraded from a lower version, removed, purged. Run by
# scripts/package --test, which makes the tree at $TREE, with all that the packages in $PACKAGES depend on, and throws it
# away. KTAP on stdout.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib/ktap.sh
[ -n "${TREE:-}" ] && [ -n "${PACKAGES:-}" ] || skip_all "scripts/package --test runs it, in a tree of its own"

names=(migtrace migtrace-dkms migtrace-research)
conf=/etc/migtrace/migtraced.conf
recording=/var/lib/migtrace/web1-20261128T120000Z.mtrec
new=$(dpkg-deb -f "$PACKAGES"/migtrace_*.deb Version)
module=${new%%[~+]*}
old=0.0.9
kernel=$(ls "$TREE/lib/modules")

in_tree()
{
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive chroot "$TREE" "$@" </dev/null
}

# --- the packages --------------------------------------------------------------------------
# The same with a lower version, another module's version, and a line of the configuration that has changed since.
make_older()
{
	local name dir
	for name in "${names[@]}"; do
		dir=$TREE/old/$name
		mkdir -p "$TREE/old" && dpkg-deb -R "$PACKAGES/${name}"_*.deb "$dir" || return
		sed -i "s/^Version: .*/Version: $old/" "$dir/DEBIAN/control"
		if [ "$name" = migtrace-dkms ]; then
			mv "$dir/usr/src/migtrace-$module" "$dir/usr/src/migtrace-$old" &&
				sed -i "s/\"$module\"/\"$old\"/" "$dir/usr/src/migtrace-$old/dkms.conf" &&
				sed -i "s/^DKMS_VERSION=$module$/DKMS_VERSION=$old/" "$dir/DEBIAN/postinst" "$dir/DEBIAN/prerm" || return
		elif [ "$name" = migtrace ]; then
			sed -i '2s/.*/# as it was in an older version/' "$dir$conf" || return
		fi
		dpkg-deb -b "$dir" "$dir.deb" && rm -r "$dir" || return
	done
	mkdir -p "$TREE/new"
	for name in "${names[@]}"; do
		cp "$PACKAGES/${name}"_*.deb "$TREE/new/$name.deb" || return
	done
}

# What they depend on is there already. A changed configuration is kept, as a careful administrator answers.
install_all()
{
	local files=("${names[@]/#//$1/}")
	in_tree dpkg --force-confold -i "${files[@]/%/.deb}"
}
versions() { in_tree dpkg-query -W -f '${Version} ' "${names[@]}" 2>/dev/null; }
files() { (cd "$TREE" && find . -xdev -path ./proc -prune -o -print | sort); }
# What others keep: logs, caches, the books of dpkg, systemd and depmod, and the group that stays.
not_ours='^\./(old|new|tmp|var/(log|cache|backups|tmp)|var/lib/(dpkg|apt|systemd)|etc/(group|gshadow)|root|run)(/|-?$)'
not_ours+='|/lib/modules/[^/]*/modules\.[a-z.]*$'
left_over() { comm -13 <(printf '%s\n' "$before") <(files) | grep -vE "$not_ours"; }

there() { local f; for f; do [ -e "$TREE$f" ] || [ -L "$TREE$f" ] || { echo "$f is not there"; return 1; }; done; }
gone() { local f; for f; do ! [ -e "$TREE$f" ] && ! [ -L "$TREE$f" ] || { echo "$f is there"; return 1; }; done; }
mode() { in_tree stat -c '%a %U:%G' "$1"; }

# --- what is in them ----------------------------------------------------------------------
commands() { in_tree migtrace --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'; }
has_pages()
{
	local page
	for page in "1 migtrace" "5 migtraced.conf" "8 migtraced" "4 migtrace" "1 migtrace-research" $(commands | sed 's/^/1_migtrace-/'); do
		# shellcheck disable=SC2086 # section and name
		in_tree man -w ${page/_/ } || return
	done
}
# What it cannot set it warns of.
pages_are_good()
{
	local said
	said=$(in_tree sh -c 'for p in $(dpkg -L '"${names[*]}"' | grep "share/man/.*gz$"); do MANWIDTH=80 man --warnings -E UTF-8 -l "$p" >/dev/null; done' 2>&1)
	echo "$said"
	[ -z "$said" ]
}
completes()
{
	in_tree bash -c '. /usr/share/bash-completion/bash_completion
		_completion_loader migtrace
		COMP_WORDS=(migtrace '"$1"') COMP_CWORD='"$2"'
		_migtrace
		echo "${COMPREPLY[*]}"'
}
verified()
{
	in_tree systemd-analyze verify --man=yes --recursive-errors=no migtraced.service >"$TREE/tmp/verify" 2>&1
	local rc=$?
	cat "$TREE/tmp/verify"
	[ $rc = 0 ] && ! grep -q migtrace "$TREE/tmp/verify"
}
# exposure: systemd's figure, 0.0 little to 10.0
exposure() { in_tree systemd-analyze security --no-pager --offline=true migtraced.service | sed -n 's/.*exposure level for migtraced.service: \([0-9.]*\).*/\1/p'; }
modules() { in_tree dkms status | tr '\n' ';'; }
built() { find "$TREE/lib/modules/$kernel" -name 'migtrace.ko*'; }

plan
before=$(files)
check "packages of a lower version are made of these" make_older

# --- installed ----------------------------------------------------------------------------
check "they install" install_all old
[ "$KTAP_FAILED" = 0 ] || { echo "Bail out! without them there is nothing to look at"; exit 1; }
check_eq "and are those" "$(versions)" "$old $old $old "
check_eq "dpkg finds nothing of them changed" "$(in_tree dpkg --verify "${names[@]}" 2>&1)" ""
check "the unit is where systemd looks, and starts with the host" there /lib/systemd/system/migtraced.service \
	/etc/systemd/system/multi-user.target.wants/migtraced.service
check_eq "the configuration is root's" "$(mode $conf)" "644 root:root"
check_eq "what it records is for root alone" "$(mode /var/lib/migtrace)" "750 root:root"
check_eq "what it keeps while it runs may be looked for" "$(mode /run/migtrace)" "755 root:root"
check_match "there is a group for who may ask it" "$(in_tree getent group migtrace)" '^migtrace:x:[0-9]+:$'
check "DKMS has built the module for the kernel whose headers are here" [ -n "$(built)" ]
check_eq "and says so" "$(modules)" "migtrace/$old, $kernel, x86_64: installed;"

# --- upgraded -----------------------------------------------------------------------------
echo kept >"$TREE$recording"
sed -i 's/^mode = observe$/mode = act/' "$TREE$conf"
edited=$(<"$TREE$conf")
in_tree systemctl disable migtraced >/dev/null 2>&1
check "they are upgraded" install_all new
check_eq "to the versions that were made" "$(versions)" "$new $new $new "
check_eq "what the administrator wrote in the configuration stands" "$(<"$TREE$conf")" "$edited"
check "the new one is beside it" there $conf.dpkg-dist
check "a service that was switched off stays off" gone /etc/systemd/system/multi-user.target.wants/migtraced.service
check_eq "recordings are kept" "$(<"$TREE$recording")" kept
check_eq "DKMS has the new module, and the old one no more" "$(modules)" "migtrace/$module, $kernel, x86_64: installed;"

# --- used ---------------------------------------------------------------------------------
check_eq "migtrace says its version" "$(in_tree migtrace --version)" "migtrace $module"
check_eq "migtrace-research does" "$(in_tree migtrace-research --version)" "migtrace-research $module"
check_match "migtraced helps" "$(in_tree migtraced --help)" '^Usage: migtraced'
check_match "its configuration is good, and acts as told" "$(in_tree migtraced -n)" 'mode = act'
check_match "and lets the group ask" "$(in_tree migtraced -n)" $'\ngroup = migtrace\n'
check_match "all libraries are there: libvirt's test host has a guest" "$(in_tree migtrace list -c test:///default 2>&1)" $'\ntest +running'
check "each command has its manual page, and the others theirs" has_pages
check "man sets them without a warning" pages_are_good
check_eq "bash completes a command" "$(completes rel 1)" release
check_match "and an option" "$(completes 'migrate --max-d' 2)" '--max-downtime'
check "systemd finds nothing wrong with the unit" verified
check_le "and calls its exposure 2.6 at most" "$(exposure)" 2.6
note "exposure of migtraced.service: $(exposure)"
check "kernel sources are turned on as the manual says" in_tree install -D -m 644 \
	/usr/share/doc/migtrace/migtraced.service.d/kernel-sources.conf /etc/systemd/system/migtraced.service.d/kernel-sources.conf
check "systemd finds nothing wrong with the packaged drop-in" verified
check_le "with it the exposure is 3.5 at most" "$(exposure)" 3.5
note "with kernel sources: $(exposure)"
rm -r "$TREE/etc/systemd/system/migtraced.service.d"

# --- removed ------------------------------------------------------------------------------
check "they are removed" in_tree dpkg -r "${names[@]}"
check "programs, unit and source are gone" gone /usr/bin/migtrace /usr/sbin/migtraced /usr/bin/migtrace-research \
	/lib/systemd/system/migtraced.service "/usr/src/migtrace-$module"
check_eq "the module is gone from the kernel's" "$(built)" ""
check_eq "and from DKMS" "$(modules)" ""
check_eq "the configuration is kept" "$(<"$TREE$conf")" "$edited"
check_eq "recordings are" "$(<"$TREE$recording")" kept

# --- purged -------------------------------------------------------------------------------
check "they are purged" in_tree dpkg -P "${names[@]}"
check "configuration and recordings are gone" gone /etc/migtrace /var/lib/migtrace
check_match "the group stays" "$(in_tree getent group migtrace)" '^migtrace:'
check_eq "nothing else is left" "$(left_over)" ""

# --- a configuration that nobody has touched ---------------------------------------------
check "they install again" install_all old
check "and are upgraded again" install_all new
check_eq "an untouched configuration becomes the new one" "$(in_tree dpkg-query -W -f '${Conffiles}' migtrace | awk '{ print $2 }')" \
	"$(md5sum <"$TREE$conf" | awk '{ print $1 }')"
check "with nothing beside it" gone $conf.dpkg-dist $conf.dpkg-old $conf.dpkg-new
check "they are purged at once" in_tree dpkg -P "${names[@]}"
check_eq "and leave nothing" "$(left_over)" ""

ktap_end
