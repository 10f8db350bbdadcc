# make              build/tcpscen
# make demo         installs what is missing, builds, plays the main scenario
# make check        the same, then all tests           (SAN=1: under ASan and UBSan)
# make kernel       for virtual time: KERNEL=6.12, or KERNEL_SRC=DIR NAME=mytree
# make install      PREFIX=/usr/local DESTDIR=
# make lint         clang-tidy, cppcheck, a clang build without warnings
# make valgrind     scenarios, every process of them, under valgrind
# make fuzz         each fuzz target for FUZZ_SECONDS
# make load         the suite under load, TIMES times
# make bench        measurements; no test depends on them
# make clean

PREFIX  ?= /usr/local
DESTDIR ?=
CC      ?= cc
BUILD   ?= build$(if $(SAN),/san)
KERNEL  ?= 6.12

VERSION := 0.1.0
WARN    := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes
CFLAGS  ?= -O2 -g
SANITIZE := $(if $(SAN),-fsanitize=address -fsanitize=undefined -fno-sanitize-recover=undefined \
            -fno-omit-frame-pointer)
COMPILE  = $(CC) -std=c11 -D_GNU_SOURCE -DTCPSCEN_VERSION='"$(VERSION)"' -Iharness $(WARN) \
           $(CFLAGS) $(SANITIZE) -pthread
# Every symbol is bound at the start, once, not in each of the many processes forked later.
LDFLAGS ?= -Wl,-z,now
LIBS    := -lnet -lpcap -lmnl -ljansson -pthread

# The rooms, from the bottom up: an include never runs upward (docs/architecture.md).
ROOMS   := base lang plan world peer wire run report command
SRC     := $(sort $(foreach room,$(ROOMS),$(wildcard harness/$(room)/*.c)))
OBJ     := $(SRC:harness/%.c=$(BUILD)/obj/%.o)
MAIN    := $(BUILD)/obj/main.o
TESTS   := $(patsubst harness/unit/%.c,$(BUILD)/unit/%,$(sort $(wildcard harness/unit/test_*.c)))
SHARED  := $(patsubst harness/unit/%.c,$(BUILD)/unit/%.o, \
           $(filter-out harness/unit/test_%,$(sort $(wildcard harness/unit/*.c))))
BENCHES := $(patsubst harness/bench/%.c,$(BUILD)/bench/%,$(sort $(wildcard harness/bench/*.c)))
FUZZERS := $(patsubst harness/fuzz/fuzz_%.c,%,$(sort $(wildcard harness/fuzz/fuzz_*.c)))

all: $(BUILD)/tcpscen

$(BUILD)/tcpscen: $(MAIN) $(OBJ)
	$(COMPILE) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/obj/%.o: harness/%.c
	@mkdir -p $(@D)
	$(COMPILE) -MMD -MP -c -o $@ $<

# ---- what a fresh Debian machine lacks ----

PACKAGES_BUILD := gcc libc6-dev libnet1-dev libpcap-dev libmnl-dev libjansson-dev
PACKAGES_CHECK := $(PACKAGES_BUILD) libcmocka-dev python3 python3-pytest python3-pytest-xdist \
                  tshark tcpdump util-linux procps mandoc git rsync \
                  netcat-openbsd curl
PACKAGES_LINT  := $(PACKAGES_CHECK) clang clang-tidy cppcheck shellcheck valgrind
PACKAGES_FUZZ  := $(PACKAGES_BUILD) clang
PACKAGES_KERNEL := gcc libc6-dev make bc bison flex libelf-dev util-linux \
                  $(if $(KERNEL_SRC),rsync,xz-utils linux-source-$(KERNEL))

define install-packages
	@command -v dpkg-query >/dev/null || { \
		echo "not a Debian system: install the likes of: $(1)"; exit 0; }; \
	missing=$$(for package in $(1); do \
		dpkg-query -W -f='$${db:Status-Status}\n' $$package 2>/dev/null | \
			grep -qx installed || echo $$package; done); \
	[ -n "$$missing" ] || exit 0; \
	as_root=; [ "$$(id -u)" = 0 ] || as_root=sudo; \
	[ -z "$$as_root" ] || command -v sudo >/dev/null || { \
		echo "missing packages; as root: apt-get install" $$missing; exit 1; }; \
	echo "installing" $$missing; \
	$$as_root apt-get update -qq && \
	$$as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends $$missing
endef

packages-build:
	$(call install-packages,$(PACKAGES_BUILD))
packages-check:
	$(call install-packages,$(PACKAGES_CHECK))
packages-kernel:
	$(call install-packages,$(PACKAGES_KERNEL))
packages-lint:
	$(call install-packages,$(PACKAGES_LINT))
packages-fuzz: # and libFuzzer, which is named after the version of clang
	$(call install-packages,$(PACKAGES_FUZZ))
	$(call install-packages,libclang-rt-$$(clang -dumpversion | sed 's/[.].*//')-dev)

# ---- the two commands ----

demo: packages-build
	@$(MAKE) --no-print-directory all
	$(BUILD)/tcpscen run scenarios/rst_after_fin.scn

# Most of the suite's time is spent waiting for the kernel's timers, hence more workers than processors.
WORKERS ?= 16
PYTEST  ?= /usr/bin/python3 -m pytest
# Where there is User Mode Linux, the tests play in virtual time, too.
VIRTUAL := $(if $(SAN),,$(filter x86_64,$(shell uname -m)))
TIME    ?= $(if $(VIRTUAL),auto,real)
GUESTS  := $(if $(VIRTUAL),6.12 6.1)

check: packages-check
	@$(MAKE) --no-print-directory all unit
	@for version in $(GUESTS); do \
		$(MAKE) --no-print-directory kernel KERNEL=$$version KERNEL_SRC= NAME= || exit 1; done
	TCPSCEN=$(abspath $(BUILD)/tcpscen) $(PYTEST) -n $(WORKERS) -m "not alone" --time=$(TIME) $(PYTEST_ARGS) pytests
	TCPSCEN=$(abspath $(BUILD)/tcpscen) $(PYTEST) -m alone $(PYTEST_ARGS) pytests

# ---- kernels for virtual time ----

kernel: packages-kernel
	@harness/kernel/build.sh $(if $(NAME),--name "$(NAME)") \
		$(if $(KERNEL_SRC),--source "$(KERNEL_SRC)",$(KERNEL))

TIMES ?= 10

load: packages-check all
	TCPSCEN=$(abspath $(BUILD)/tcpscen) $(PYTEST) -q --load=$(TIMES) --time=$(TIME) $(PYTEST_ARGS) pytests/test_load.py

# ---- tests in C ----

$(TESTS): %: %.o $(SHARED) $(OBJ)
	$(COMPILE) $(LDFLAGS) -o $@ $(filter %.o,$^) -lcmocka $(LIBS)

$(BUILD)/unit/%.o: harness/unit/%.c
	@mkdir -p $(@D)
	$(COMPILE) -MMD -MP -c -o $@ $<

unit: $(TESTS)
	@for test in $(TESTS); do $$test || exit 1; done

# ---- looking closer ----

# One file a process of clang-tidy, as many at once as there are processors.
lint: packages-lint
	printf '%s\n' $(SRC) harness/main.c | xargs -P "$$(nproc)" -I{} clang-tidy --quiet {} -- \
		-std=c11 -D_GNU_SOURCE -Iharness -DTCPSCEN_VERSION='"$(VERSION)"'
	cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
		--error-exitcode=1 -D_GNU_SOURCE -Iharness --suppress=missingIncludeSystem harness
	shellcheck harness/kernel/build.sh
	@$(MAKE) --no-print-directory BUILD=build/clang CC=clang CFLAGS="-O2 -Werror" all
	clang -std=c11 -D_GNU_SOURCE -Iharness $(WARN) -Werror -fsyntax-only harness/fuzz/*.c

# Every process of a run, the players and the probes too, into one log: of keepers, each of which is
# process 1, there are many. Leaks: the definite ones, since a player ends without giving back what
# its parent had made. What is found is shown even if the slowness makes scenarios fail.
VALGRIND_LOG := build/valgrind.log

valgrind: packages-lint all
	@: >$(VALGRIND_LOG)
	valgrind --quiet --log-fd=9 --leak-check=full --show-leak-kinds=definite \
		--errors-for-leak-kinds=definite --error-exitcode=9 \
		$(BUILD)/tcpscen run -q $(VALGRIND_ARGS) -k 'not timers and not setup' scenarios \
		9>>$(VALGRIND_LOG); status=$$?; \
	! grep -A 12 -E 'Invalid|uninitialised|definitely|Syscall param' $(VALGRIND_LOG) && exit $$status

FUZZ_SECONDS ?= 600

fuzz: packages-fuzz
	@for name in $(FUZZERS); do \
		$(MAKE) --no-print-directory fuzz-$$name || exit 1; done

# Findings are written below build/; the corpus in the tree is only read.
fuzz-%:
	@mkdir -p build/fuzz/$*
	clang -std=c11 -D_GNU_SOURCE -DTCPSCEN_VERSION='"$(VERSION)"' -Iharness -O1 -g \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
		-o build/fuzz/fuzz_$* harness/fuzz/fuzz_$*.c $(SRC) $(LIBS)
	build/fuzz/fuzz_$* -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 \
		-artifact_prefix=build/fuzz/ -print_final_stats=1 build/fuzz/$* harness/fuzz/corpus/$*

bench: all
	/usr/bin/python3 harness/bench/bench.py --tcpscen $(BUILD)/tcpscen
	/usr/bin/python3 harness/bench/virtual.py --tcpscen $(BUILD)/tcpscen

# ---- installing ----

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 \
		$(DESTDIR)$(PREFIX)/share/man/man5 $(DESTDIR)$(PREFIX)/share/tcpscen
	install -m 755 $(BUILD)/tcpscen $(DESTDIR)$(PREFIX)/bin/tcpscen
	install -m 644 docs/tcpscen.1 $(DESTDIR)$(PREFIX)/share/man/man1/tcpscen.1
	install -m 644 docs/scn.5 $(DESTDIR)$(PREFIX)/share/man/man5/scn.5
	cp -R --no-preserve=ownership scenarios $(DESTDIR)$(PREFIX)/share/tcpscen/

clean:
	rm -rf build captures/run

-include $(OBJ:.o=.d) $(MAIN:.o=.d) $(TESTS:=.d) $(SHARED:.o=.d)
.PHONY: all demo check load kernel unit lint valgrind fuzz bench install clean
.PHONY: packages-build packages-check packages-kernel packages-lint packages-fuzz
