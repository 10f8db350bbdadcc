#!/bin/sh
# Builds a kernel for virtual time: User Mode Linux with the options of uml.config, HZ=1000.
#
# Kernels are kept in the user's cache folder, one for each source version, configuration and
# compiler; a build that finds its kernel there is over at once. docs/virtual-time.md has the
# layout. A kernel appears under its name when it is finished, by a rename. Builds of one name wait
# for each other. A tree of somebody's own is only read: objects are in the cache folder, and
# stay there, so that the next build compiles what has changed.
set -eu

OK=0 FAILED=1 USAGE=2 MACHINE=3

usage()
{
	cat <<'END'
usage: build.sh [--name NAME] [--jobs N] [--cc CC] [--where] VERSION
       build.sh --source DIR --name NAME [--jobs N] [--cc CC] [--where]

Builds a kernel for `tcpscen run --time virtual --kernel NAME`.

  VERSION         6.12, 6.1: the sources of Debian's package linux-source-VERSION
  --source DIR    a Linux source tree of your own; it is not changed, and the
                  next build compiles only what has changed
  --name NAME     what the kernel is called; VERSION if not given
  --jobs N        compilers at a time; the number of processors if not given
  --cc CC         the compiler; gcc if not given
  --where         say which file would be built, and build nothing

Kernels are kept in ${XDG_CACHE_HOME:-$HOME/.cache}/tcpscen/kernels/NAME/linux.
Exit status: 0 built, or there; 1 the build failed; 2 usage; 3 something is missing.
END
}

say()
{
	printf '%s\n' "kernel $name: $*" >&2
}

# die STATUS MESSAGE [REMEDY]
die()
{
	status=$1
	printf '%s\n' "build.sh: $2" >&2
	[ $# -lt 3 ] || printf '%s\n' "  $3" >&2
	exit "$status"
}

# ---- what is asked for ----

version='' source='' name='' cc=gcc where='' package='' tarball='' origin='' key='' kernel=''
jobs=$(getconf _NPROCESSORS_ONLN)

read_arguments()
{
	while [ $# -gt 0 ]; do
		case $1 in
		--help | -h) usage; exit $OK ;;
		--where) where=yes; shift; continue ;;
		--source | --name | --jobs | --cc) [ $# -ge 2 ] || die $USAGE "$1 needs a value" ;;
		-*) die $USAGE "unknown option $1" "build.sh --help lists those there are" ;;
		esac
		case $1 in
		--source) [ -n "$2" ] || die $USAGE "--source needs a folder"; source=$2; shift 2 ;;
		--name) name=$2; shift 2 ;;
		--jobs) jobs=$2; shift 2 ;;
		--cc) cc=$2; shift 2 ;;
		*) [ -z "$version" ] || die $USAGE "one version at a time: $version, $1"
			version=$1; shift ;;
		esac
	done
	case $jobs in
	'' | *[!0-9]* | 0*) die $USAGE "--jobs $jobs is no number of compilers" ;;
	esac
}

check_arguments()
{
	if [ -n "$source" ]; then
		[ -z "$version" ] || die $USAGE "either --source DIR or a version, not both"
		[ -n "$name" ] || die $USAGE "a tree of your own needs a name: --name mytree"
	else
		[ -n "$version" ] || die $USAGE "which kernel? A version such as 6.12, or --source DIR"
		case $version in
		*[!0-9.]* | .* | *. | *..*) die $USAGE "$version is no version such as 6.12" ;;
		esac
		[ -n "$name" ] || name=$version
	fi
	case $name in
	host | *[!A-Za-z0-9._+-]* | [!A-Za-z0-9]*)
		die $USAGE "--name '$name': letters, digits and ._+- make a name, and it is not 'host'" ;;
	esac
	case $name in
	*[!0-9.]*) ;;
	*) [ -z "$source" ] || die $USAGE "--name $name is the name of a packaged kernel" ;;
	esac
}

# ---- what the machine has ----

need()
{
	command -v "$1" >/dev/null || die $MACHINE "$1 is not installed" "as root: apt-get install $2"
}

check_machine()
{
	[ "$(uname -m)" = x86_64 ] ||
		die $MACHINE "User Mode Linux is for x86_64 only; this machine is $(uname -m)"
	need "$cc" "$cc"
	need make make
	need bc bc
	need flex flex
	need bison bison
	need flock util-linux
	[ -n "$source" ] || need xz xz-utils
}

find_tree()
{
	[ -d "$source" ] || die $USAGE "--source $source: no such folder"
	source=$(cd "$source" && pwd -P)
	[ -f "$source/arch/um/Kconfig" ] ||
		die $USAGE "$source is no Linux source tree: there is no arch/um/Kconfig"
	grep -q UML_TIME_TRAVEL_SUPPORT "$source/arch/um/Kconfig" ||
		die $USAGE "$source cannot travel in time: arch/um/Kconfig has no UML_TIME_TRAVEL_SUPPORT"
	origin=$source
}

find_package()
{
	package=linux-source-$version
	for tarball in "/usr/src/$package".tar.*; do
		[ ! -f "$tarball" ] || break
	done
	[ -f "$tarball" ] || die $MACHINE "no sources of Linux $version: there is no $tarball" \
		"as root: apt-get install $package; or a tree of your own: --source DIR --name NAME"
	origin="$package $(dpkg-query -W -f='${Version}' "$package" 2>/dev/null ||
		stat -c '%s %Y' "$tarball")"
}

# What this file does to configure and to compile is part of the key.
make_key()
{
	key=$({
		printf '%s\n' "$origin" "$cc" "$("$cc" --version | sed 1q)"
		cat "$here/uml.config" "$here/clock.h" "$here/registers.h"
		sed -n '/^# ---- recipe/,/^# ---- building/p' "$here/build.sh"
	} | sha256sum | cut -c1-12)
}

# ---- sources ----

prepare_tree()
{
	if [ -n "$package" ]; then
		say "unpacking $tarball (about 20 s)"
		rm -rf "$work"
		mkdir -p "$work/source" "$work/objects"
		logged tar -xf "$tarball" -C "$work/source" --strip-components=1
		source=$work/source
		return
	fi
	mkdir -p "$work/objects"
	if [ -e "$source/.config" ] || [ -d "$source/include/config" ] ||
		[ -d "$source/arch/um/include/generated" ]; then
		say "$source was built in place: copying what has changed of its sources"
		copy_sources
	fi
}

# Kernels are not built outside of a tree that was built in place: what was generated there would
# get in. git knows the sources; files that are as they were keep their time.
copy_sources()
{
	need rsync rsync
	git -C "$source" rev-parse --git-dir >/dev/null 2>&1 ||
		die $USAGE "$source was built in place, and is no git tree that knows its sources" \
			"make -C $source mrproper; or a clean copy of it"
	mkdir -p "$work/source"
	sources --cached --others --exclude-standard >"$work/known"
	sources --deleted >"$work/deleted"
	LC_ALL=C comm -23 "$work/known" "$work/deleted" >"$work/files"
	logged rsync -a --files-from="$work/files" "$source/" "$work/source/"
	(cd "$work/source" && find . ! -type d) | sed 's,^\./,,' | LC_ALL=C sort |
		LC_ALL=C comm -13 "$work/files" - | (cd "$work/source" && xargs -r -d '\n' rm)
	source=$work/source
}

# sources OPTION…: of git ls-files, a line each
sources()
{
	git -C "$source" -c core.quotePath=off ls-files "$@" 2>>"$log" | LC_ALL=C sort -u
}

# ---- recipe ----

# kbuild TARGET…; nothing of an outer make gets in, no CFLAGS, no KBUILD_OUTPUT.
kbuild()
{
	env -i PATH="$PATH" HOME="${HOME:-/}" TMPDIR="${TMPDIR:-/tmp}" LC_ALL=C \
		KBUILD_BUILD_USER=tcpscen KBUILD_BUILD_HOST=localhost \
		make -C "$source" O="$objects" ARCH=um SUBARCH=x86_64 CC="$cc" HOSTCC="$cc" \
		KBUILD_KCONFIG="$objects/Kconfig.tcpscen" \
		KCFLAGS="-include $objects/registers.h" \
		CFLAGS_time.o="-include $objects/clock.h" "$@" </dev/null
}

# arch/um has HZ=100, and asks nobody. The first default of a symbol counts: ours stands before it.
configure()
{
	sed '/^mainmenu/a\
config HZ\
	int\
	default 1000\
' "$source/Kconfig" >"$objects/Kconfig.new"
	keep_if_same "$objects/Kconfig.new" "$objects/Kconfig.tcpscen"
	for header in clock.h registers.h; do
		cp "$here/$header" "$objects/header.new"
		keep_if_same "$objects/header.new" "$objects/$header"
	done
	logged kbuild KCONFIG_ALLCONFIG="$here/uml.config" KCONFIG_CONFIG="$objects/config.new" \
		allnoconfig
	keep_if_same "$objects/config.new" "$objects/.config"
}

# Files that are as they were keep their time, so that nothing is made anew.
keep_if_same()
{
	if cmp -s "$1" "$2"; then rm "$1"; else mv "$1" "$2"; fi
}

# ---- building ----

# lacking PART: the options of a part of uml.config, a line each, that the tree did not take
lacking()
{
	awk -v part="$1" '/^# ---- what a kernel may lack/ { late = 1 }
		/^CONFIG_/ && part == (late ? "wanted" : "needed")' "$here/uml.config" |
	while IFS= read -r option; do
		case $option in
		*=n) ! grep -q "^${option%n}[ym]" "$objects/.config" || printf '%s\n' "$option" ;;
		*) grep -qxF "$option" "$objects/.config" || printf '%s\n' "$option" ;;
		esac
	done
}

check_configuration()
{
	missing=$(lacking needed | tr '\n' ' ')
	[ -z "$missing" ] || die $FAILED "this tree does not take options that are needed: $missing" \
		"harness/kernel/uml.config says what they are for"
	grep -qx CONFIG_HZ=1000 "$objects/.config" || die $FAILED "this tree does not take HZ=1000"
	lacks=$(lacking wanted | grep -v '^CONFIG_HZ_1000=' |
		sed 's/^CONFIG_//; s/=.*//' | tr '\n' ' ')
	lacks=${lacks% }
}

compile()
{
	say "compiling, $jobs at a time (anew: about 4 min of one processor); log: $log"
	{
		status=0
		kbuild -j "$jobs" linux 2>&1 || status=$?
		printf '%s\n' "$status" >"$work/status"
	} | count_files
	status=$(cat "$work/status")
	if [ "$status" != 0 ] || [ ! -x "$objects/linux" ]; then explain; fi
}

# ---- keeping ----

count_files()
{
	files=0
	while IFS= read -r line; do
		printf '%s\n' "$line" >>"$log"
		case $line in
		'  CC '*) files=$((files + 1)) ;;
		*) continue ;;
		esac
		[ $((files % 100)) != 0 ] || say "$files of about 600 files, $(seconds) s"
	done
}

seconds()
{
	echo $(($(date +%s) - start))
}

# logged COMMAND…
logged()
{
	"$@" >>"$log" 2>&1 || explain
}

# The build is over: what it said last, and where the rest is.
explain()
{
	grep -E -m 5 '(error|Error|\*\*\*)' "$log" >&2 || :
	printf '%s\n' '  ...' >&2
	tail -n 12 "$log" >&2
	die $FAILED "the build of $name failed" "all it said: $log"
}

about()
{
	printf '%s\n' \
		"name $name" \
		"version $(cat "$objects/include/config/kernel.release")" \
		"source $origin" \
		"compiler $("$cc" --version | sed 1q)" \
		"hz 1000" \
		"lacks $lacks" \
		"key $key" \
		"built $(date -u +%Y-%m-%dT%H:%M:%SZ)" \
		"seconds $(seconds)"
}

# The kernel itself comes last: where it is, all of it is.
publish()
{
	mkdir -p "$folder"
	about >"$folder/.about"
	cp "$objects/.config" "$folder/.config"
	cp "$objects/linux" "$folder/.linux"
	mv "$folder/.about" "$folder/about"
	mv "$folder/.config" "$folder/config"
	mv "$folder/.linux" "$kernel"
	name_it
}

name_it()
{
	target=../kernel-store/${folder##*/}
	[ "$(readlink "$kernels/$name" || :)" != "$target" ] || return 0
	mkdir -p "$kernels"
	ln -s "$target" "$kernels/.$name.$$"
	mv -T "$kernels/.$name.$$" "$kernels/$name"
}

# A packaged kernel never changes: it is there or it isn't. What changes in a tree, make knows.
there()
{
	[ -n "$package" ] && [ -x "$kernel" ]
}

lock()
{
	mkdir -p "${work%/*}" ||
		die $MACHINE "$cache cannot be written to" "another cache folder: XDG_CACHE_HOME=DIR"
	exec 9>"$work.lock"
	flock -n 9 || {
		say "waiting for another build of it"
		flock 9
	}
}

build()
{
	start=$(date +%s)
	: >"$log"
	[ -z "$package" ] || trap 'rm -rf "$work"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	prepare_tree
	configure
	check_configuration
	compile
	publish
	say "built in $(seconds) s: $kernels/$name/linux"
}

main()
{
	here=$(cd "$(dirname "$0")" && pwd -P)
	read_arguments "$@"
	check_arguments
	check_machine
	if [ -n "$source" ]; then find_tree; else find_package; fi
	case ${XDG_CACHE_HOME-} in
	/*) cache=$XDG_CACHE_HOME/tcpscen ;;
	*) cache=${HOME:?}/.cache/tcpscen ;; # a relative one is to be ignored
	esac
	case $cache$source in
	*[[:space:]:]*) die $USAGE "the kernel's makefiles allow no space and no colon: $cache $source" ;;
	esac
	make_key
	kernels=$cache/kernels
	folder=$cache/kernel-store/$name-$key
	kernel=$folder/linux
	work=$cache/kernel-build/$name
	objects=$work/objects
	log=$work.log
	if [ -n "$where" ]; then
		printf '%s\n' "$kernel"
		exit $OK
	fi
	there || {
		lock
		there || {
			build
			exit $OK
		}
	}
	name_it
	say "is there: $kernels/$name/linux"
}

main "$@"; exit # in one line: this file may change while it is running
