# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for migtrace: commands, their options, policies, formats, files.
# Commands and options are asked of migtrace itself, so that they cannot go stale.

_migtrace_commands()
{
	migtrace --help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p'
}

_migtrace_options()
{
	migtrace "$1" --help 2>/dev/null | sed -n '/^Options:/,/^$/s/^ *\(-[a-zA-Z], \)\{0,1\}\(--[a-z][a-z-]*\).*/\2/p; /^Options:/,/^$/s/^  \(-[a-zA-Z]\), .*/\1/p'
}

# The error about a policy that cannot exist names those that do.
_migtrace_policies()
{
	migtrace replay --policy ' ' / 2>&1 | sed -n 's/.*there are \([^;]*\);.*/\1/p' | tr -d ,
}

# Likewise the error about a source that cannot exist.
_migtrace_sources()
{
	migtrace record x -o x --source ' ' 2>&1 | sed -n 's/.*is unknown: \([^;]*\);.*/\1/p' | tr -d ,
}

# And about methods and models.
_migtrace_methods()
{
	migtrace predict ./x --method ' ' 2>&1 | sed -n 's/.*there are \([^;]*\);.*/\1/p' | tr -d ,
}

_migtrace_models()
{
	migtrace predict ./x --model ' ' 2>&1 | sed -n 's/.*there are \([^;]*\);.*/\1/p' | tr -d , | sed 's|/[0-9]*||g'
}

_migtrace_trainers()
{
	migtrace train / -o x --trainer ' ' 2>&1 | sed -n 's/.*there are \([^;]*\);.*/\1/p' | tr -d ,
}

# What the help says that an option takes one word of.
_migtrace_words()
{
	migtrace "$1" --help 2>/dev/null | sed -n "s/^ *$2 WORD .*: \(.* or .*\) (default .*/\1/p" | sed 's/,//g; s/ or / /'
}

_migtrace_formats()
{
	migtrace "$1" --help 2>/dev/null | sed -n 's/^ *-f, --format \([a-z|]*\).*/\1/p' | tr '|' ' '
}

_migtrace_domains()
{
	virsh ${1:+-c "$1"} -q list --all --name 2>/dev/null
}

# The URI given with -c on this line, if any.
_migtrace_uri()
{
	local i

	for ((i = 2; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-c|--connect)
			echo "${COMP_WORDS[i + 1]}"
			return
			;;
		esac
	done
}

_migtrace_files()
{
	compopt -o filenames 2>/dev/null
	COMPREPLY=($(compgen -f -- "$cur"))
}

_migtrace()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]} before=
	local IFS=$' \t\n'

	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		COMPREPLY=($(compgen -W "$(_migtrace_commands) --help --version" -- "$cur"))
		return
	fi
	case $prev in
	-f|--format)
		COMPREPLY=($(compgen -W "$(_migtrace_formats "$command")" -- "$cur"))
		return
		;;
	--policy)
		# A,B: what stands before the last comma stays.
		[[ $cur == *,* ]] && before=${cur%,*},
		COMPREPLY=($(compgen -P "$before" -W "$(_migtrace_policies)" -- "${cur##*,}"))
		[[ $command == replay || $command == simulate ]] && compopt -o nospace 2>/dev/null
		return
		;;
	-m|--method)
		[[ $cur == *,* ]] && before=${cur%,*},
		COMPREPLY=($(compgen -P "$before" -W "$(_migtrace_methods)" -- "${cur##*,}"))
		compopt -o nospace 2>/dev/null
		return
		;;
	--log)
		COMPREPLY=($(compgen -W 'bitmap ring' -- "$cur"))
		return
		;;
	--sender)
		COMPREPLY=($(compgen -W 'qemu xen' -- "$cur"))
		return
		;;
	--model)
		[[ $cur == *,* ]] && before=${cur%,*},
		COMPREPLY=($(compgen -P "$before" -W "$(_migtrace_models)" -- "${cur##*,}"))
		compopt -o nospace 2>/dev/null
		return
		;;
	--trainer)
		COMPREPLY=($(compgen -W "$(_migtrace_trainers)" -- "$cur"))
		return
		;;
	--probes)
		[[ $cur == *,* ]] && before=${cur%,*},
		COMPREPLY=($(compgen -P "$before" -W 'vcpu net disk postcopy all' -- "${cur##*,}"))
		compopt -o nospace 2>/dev/null
		return
		;;
	--source)
		COMPREPLY=($(compgen -W "$(_migtrace_sources)" -- "$cur"))
		return
		;;
	--compression)
		COMPREPLY=($(compgen -W 'xbzrle mt zstd' -- "$cur"))
		return
		;;
	-c|--connect)
		COMPREPLY=($(compgen -W 'qemu:///system qemu:///session' -- "$cur"))
		return
		;;
	-o|--output|-d|--database|--svg|--record|--history|--learned|--profile|--hot|--sla-model)
		local IFS=$'\n'
		_migtrace_files
		return
		;;
	--?*)
		COMPREPLY=($(compgen -W "$(_migtrace_words "$command" "$prev")" -- "$cur"))
		((${#COMPREPLY[@]})) && return
		;;
	esac
	if [[ $cur == -* ]]; then
		COMPREPLY=($(compgen -W "$(_migtrace_options "$command")" -- "$cur"))
		return
	fi
	case $command in
	report|replay|simulate|tournament|train)
		local IFS=$'\n'
		_migtrace_files
		;;
	history)
		if ((COMP_CWORD == 2)); then
			COMPREPLY=($(compgen -W 'list show compare import prune' -- "$cur"))
		elif [[ ${COMP_WORDS[2]} == compare ]] && ((COMP_CWORD == 3)); then
			COMPREPLY=($(compgen -W 'policy method source destination guest time' -- "$cur"))
		elif [[ ${COMP_WORDS[2]} == import ]]; then
			local IFS=$'\n'
			_migtrace_files
		fi
		;;
	hot|predict|plan)
		if [[ $cur == */* ]]; then
			local IFS=$'\n'
			_migtrace_files
		else
			COMPREPLY=($(compgen -W "$(_migtrace_domains "$(_migtrace_uri)")" -- "$cur")
				   $(compgen -f -X '!*.mtrec' -- "$cur"))
		fi
		;;
	migrate|pull|record|release|status|top)
		COMPREPLY=($(compgen -W "$(_migtrace_domains "$(_migtrace_uri)")" -- "$cur"))
		;;
	esac
}

complete -F _migtrace migtrace
