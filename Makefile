# vctop: containers and VMs side by side.  `make help` lists the targets.
MAKEFLAGS += --no-builtin-rules
PREFIX  ?= /usr/local
BINDIR  ?= $(PREFIX)/bin
LIBEXEC ?= $(PREFIX)/libexec/vctop
DATADIR ?= $(PREFIX)/share/vctop
MANDIR  ?= $(PREFIX)/share/man
UNITDIR ?= $(PREFIX)/lib/systemd/system
-include config.mak

CC      ?= cc
ifeq ($(origin CC),default)
CC      := cc
endif
comma   := ,
B       := build$(if $(SANITIZE),/$(subst $(comma),-,$(SANITIZE)))
V       ?= 0
Q       := $(if $(filter 1,$(V)),,@)

VERSION := $(shell git describe --always --dirty 2>/dev/null || echo unreleased)

PKGS     := ncursesw jansson libcgroup expat sqlite3 libzstd
# Before 1.0 libbpf had other functions; without it files are read one by one.
HAVE_BPF := $(shell pkg-config --atleast-version=1.0 libbpf 2>/dev/null && echo 1)
PKGS     += $(if $(HAVE_BPF),libbpf)
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS   = $(shell pkg-config --libs $(PKGS) 2>/dev/null)

CFLAGS  ?= -O2 -g
WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes -Wmissing-prototypes \
	-Wvla -Wwrite-strings -Wcast-qual -Wformat=2 -Wundef -Wnull-dereference -Wduplicated-cond -Wduplicated-branches \
	-Wlogical-op -Wswitch-enum -Wimplicit-fallthrough=5 -Wdouble-promotion
HARDEN  := -fno-common -fstack-protector-strong -fstack-clash-protection -fPIE
ALL_CFLAGS = -std=gnu17 -D_GNU_SOURCE -Iinclude -Isrc $(WARN) $(if $(DEVELOPER),-Werror) $(HARDEN) \
	$(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all,-D_FORTIFY_SOURCE=2) \
	$(PKG_CFLAGS) $(CFLAGS) $(CPPFLAGS)
ALL_LDFLAGS = -pthread -pie -Wl,-z,relro,-z,now $(if $(SANITIZE),-fsanitize=$(SANITIZE)) $(LDFLAGS)
DEFS    = $(if $(HAVE_BPF),-DHAVE_BPF=1) -DVCTOP_VERSION='"$(VERSION)"' -DVCTOP_LIBEXEC='"$(LIBEXEC)"' -DVCTOP_DATADIR='"$(DATADIR)"'

LAYERS  := base model source derive view lab app
SRC     := $(sort $(foreach l,$(LAYERS),$(shell find src/$(l) -name '*.c' -not -path 'src/lab/workload/*' 2>/dev/null)))
OBJ     := $(SRC:src/%.c=$(B)/%.o)
LIBOBJ  := $(filter-out $(B)/app/main.o,$(OBJ))
SCHEMAS := $(sort $(wildcard src/doc/*.schema.json))
HEADERS := $(sort $(shell find include -name '*.h'))

.PHONY: all
all: $(B)/vctop $(B)/vctop-workload $(B)/vctop.1 ## build build/vctop (SANITIZE=address,undefined: build/address-undefined/vctop)

# The only program inside a sample container or VM: static, and never sanitized, for nothing else is in there.
WORKLOAD := $(sort $(wildcard src/lab/workload/*.c))
$(B)/vctop-workload: $(WORKLOAD) $(wildcard src/lab/workload/*.h)
	@mkdir -p $(@D)
	@echo "  CC       $@ (static)"
	$(Q)$(CC) -std=gnu17 -D_GNU_SOURCE $(WARN) $(if $(DEVELOPER),-Werror) -static -O2 -o $@ $(WORKLOAD)

# A kernel for sample VMs, unpacked beside vctop; nothing is installed.  Fetched once.
GUEST_ARCH := $(if $(filter aarch64,$(shell uname -m)),arm64,amd64)
.PHONY: guest-kernel
guest-kernel: build/guest/vmlinuz
build/guest/vmlinuz:
	@mkdir -p build/guest/tmp
	@echo "  FETCH    linux-image-cloud-$(GUEST_ARCH)"
	$(Q)set -e; cd build/guest/tmp; rm -rf ./*; \
	pkg=$$(apt-cache depends linux-image-cloud-$(GUEST_ARCH) | awk '/Depends: linux-image-[0-9]/ { print $$2; exit }'); \
	test -n "$$pkg" || { echo "guest-kernel: apt knows no linux-image-cloud-$(GUEST_ARCH): run apt-get update" >&2; exit 1; }; \
	apt-get -qq -o APT::Sandbox::User=root download "$$pkg"; \
	dpkg-deb -x "$$pkg"_*.deb root; \
	rm -rf ../modules; mv root/lib/modules ../modules; \
	set -- root/boot/vmlinuz-*; test $$# -eq 1 -a -s "$$1"; \
	test "$(GUEST_ARCH)" != amd64 || test "$$(dd if="$$1" bs=1 skip=514 count=4 2>/dev/null)" = HdrS; \
	mv "$$1" ../vmlinuz
	$(Q)rm -rf build/guest/tmp

$(B)/vctop: $(B)/app/main.o $(B)/libvctop.a
	@echo "  LINK     $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS) -lm

# The manual's FIELDS and FIGURES are the program's own tables.
$(B)/vctop.1: src/doc/vctop.1.in $(B)/vctop
	@echo "  MAN      $@"
	$(Q)$(B)/vctop fields --mdoc > $@.fields && $(B)/vctop fields --figures --mdoc > $@.figures
	$(Q)sed -e '/^@FIELDS@$$/{' -e 'r $@.fields' -e 'd' -e '}' -e '/^@FIGURES@$$/{' -e 'r $@.figures' -e 'd' -e '}' \
		$< > $@ && rm -f $@.fields $@.figures

$(B)/libvctop.a: $(LIBOBJ)
	@echo "  AR       $@"
	$(Q)rm -f $@ && ar rcs $@ $^

$(B)/%.o: src/%.c
	@mkdir -p $(@D)
	@echo "  CC       $<"
	$(Q)$(CC) $(ALL_CFLAGS) $(DEFS) -MMD -MP -c -o $@ $<

-include $(OBJ:.o=.d)

# ---- dependencies -------------------------------------------------------------------------------------------------

.PHONY: deps
deps: ## install what building, testing and the demo need (apt, dnf, pacman); GROUPS="build test demo lint"
	@tests/tools/deps.sh $(or $(GROUPS),build test demo)

# ---- tests --------------------------------------------------------------------------------------------------------

ASAN      := address,undefined
UNIT      := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(sort $(wildcard tests/unit/test_*.c)))
FUZZ      := $(patsubst tests/fuzz/%.c,$(B)/tests/fuzz/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
TESTTOOLS := $(patsubst tests/tools/%.c,$(B)/tests/tools/%,$(sort $(wildcard tests/tools/*.c)))

# cmocka's assertions do not tell the compiler that they end the test.
$(B)/tests/unit/%: tests/unit/%.c $(B)/libvctop.a
	@mkdir -p $(@D)
	@echo "  TESTCC   $@"
	$(Q)$(CC) $(ALL_CFLAGS) -Wno-null-dereference $(DEFS) -Itests/unit -DSOURCE_DIR='"$(CURDIR)"' -MMD -MP -MF $@.d $(ALL_LDFLAGS) -o $@ $< $(B)/libvctop.a \
		-lcmocka $(PKG_LIBS) -lm

$(B)/tests/tools/%: tests/tools/%.c
	@mkdir -p $(@D)
	@echo "  TESTCC   $@"
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -MF $@.d $(ALL_LDFLAGS) -o $@ $< -lm

# Without libFuzzer they replay their corpus.
$(B)/tests/fuzz/%: tests/fuzz/%.c $(B)/libvctop.a
	@mkdir -p $(@D)
	@echo "  FUZZCC   $@"
	$(Q)$(CC) $(ALL_CFLAGS) $(FUZZ_CFLAGS) $(DEFS) -Itests/fuzz -DSOURCE_DIR='"$(CURDIR)"' -MMD -MP -MF $@.d $(ALL_LDFLAGS) -o $@ $< \
		$(B)/libvctop.a $(PKG_LIBS) -lm

-include $(UNIT:=.d) $(FUZZ:=.d) $(TESTTOOLS:=.d)

.PHONY: test-programs unit-programs
unit-programs: $(UNIT) $(if $(SANITIZE),$(FUZZ)) $(TESTTOOLS)
test-programs: unit-programs $(B)/vctop $(if $(SANITIZE),,$(B)/vctop-workload)

# Build side by side unless told how.
SIDE = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))

# What each kind of check needs built; the kernel for VMs is fetched when the live tests are to run.
.PHONY: check check-unit check-asan check-cli check-tui check-live check-quick
check: ## install what the tests need, build with -Werror, run all tests (TESTS=pattern: a part; V=1: all output)
	@tests/tools/deps.sh build test
	$(Q)+$(MAKE) $(SIDE) --no-print-directory DEVELOPER=1 test-programs
	$(Q)+$(MAKE) $(SIDE) --no-print-directory DEVELOPER=1 SANITIZE=$(ASAN) test-programs
	$(Q)+$(MAKE) --no-print-directory guest-kernel || echo "no guest kernel: tests that boot a VM will be skipped"
	@V=$(V) tests/run.sh all '$(TESTS)'
check-unit: ## the unit tests alone, nothing installed
	$(Q)+$(MAKE) $(SIDE) --no-print-directory DEVELOPER=1 unit-programs
	@V=$(V) tests/run.sh unit '$(TESTS)'
check-asan: ## unit and command line tests under ASan and UBSan
	$(Q)+$(MAKE) $(SIDE) --no-print-directory DEVELOPER=1 SANITIZE=$(ASAN) test-programs
	@V=$(V) tests/run.sh asan '$(TESTS)'
check-cli check-tui: ## command line tests; tests of the dashboard in tmux
	$(Q)+$(MAKE) $(SIDE) --no-print-directory DEVELOPER=1 test-programs
	@V=$(V) tests/run.sh $(@:check-%=%) '$(TESTS)'
check-live: ## tests on real containers and VMs (root)
	$(Q)+$(MAKE) $(SIDE) --no-print-directory DEVELOPER=1 test-programs
	$(Q)+$(MAKE) --no-print-directory guest-kernel || echo "no guest kernel: tests that boot a VM will be skipped"
	@V=$(V) tests/run.sh live '$(TESTS)'
check-quick: ## everything that needs no root and boots nothing: unit, command line, dashboard
	$(Q)+$(MAKE) $(SIDE) --no-print-directory DEVELOPER=1 test-programs
	@V=$(V) tests/run.sh quick '$(TESTS)'

# What they find goes to build/fuzz; an input worth keeping is copied to tests/fuzz/corpus/TARGET by hand.
FUZZ_SECONDS ?= 30
.PHONY: fuzz fuzz-programs
fuzz-programs: $(FUZZ)
fuzz: ## clang's libFuzzer on every parser of foreign text, FUZZ_SECONDS=30 each (TESTS=pattern: a part)
	$(Q)+$(MAKE) --no-print-directory CC=clang SANITIZE=fuzzer-no-link,$(ASAN) \
		WARN='-Wall -Wextra -Wno-unknown-warning-option' FUZZ_CFLAGS='-fsanitize=fuzzer -DFUZZER' fuzz-programs
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/run.sh 'build/fuzzer-no-link-$(subst $(comma),-,$(ASAN))' '$(TESTS)'

.PHONY: bless
bless: $(B)/vctop ## rewrite tests/golden from the fixtures; review the diff
	@VCTOP=$(CURDIR)/$(B)/vctop tests/tools/golden.sh bless

# ---- linters ------------------------------------------------------------------------------------------------------

.PHONY: lint lint-layers lint-length hdr-check lint-format lint-tidy lint-cppcheck lint-shell lint-man
lint: lint-layers lint-length hdr-check lint-format lint-cppcheck lint-shell lint-man lint-tidy ## all linters

lint-layers: ## #include lines against the table of layers in src/README.md
	@echo "  LAYERS"
	@tests/lint/layers.sh

lint-length: ## no source file over 800 lines
	@echo "  LENGTH"
	@tests/lint/length.sh

hdr-check: $(HEADERS:%=%.hdr) ## each header compiles alone
%.h.hdr: %.h
	@echo "  HDR      $<"
	$(Q)printf '#include "%s"\nextern int hdr_check_dummy;\n' '$(patsubst include/%,%,$<)' | \
		$(CC) $(ALL_CFLAGS) -Werror -fsyntax-only -x c -

lint-format: ## clang-format, with the version the format was made with
	@echo "  FORMAT"
	@tests/lint/format.sh

.PHONY: format
format: ## rewrite src, include and tests with clang-format
	find src include tests -name '*.[ch]' -not -path '*/fixtures/*' | xargs clang-format -i

lint-tidy: ## clang-tidy
	@echo "  TIDY"
	@tests/lint/tidy.sh $(ALL_CFLAGS) $(DEFS)

lint-cppcheck: ## cppcheck
	@echo "  CPPCHECK"
	@tests/lint/cppcheck.sh

lint-shell: ## shellcheck
	@echo "  SHELL"
	@tests/lint/shell.sh

lint-man: $(B)/vctop.1 ## mandoc -T lint
	@echo "  MAN"
	@tests/lint/man.sh

# ---- measuring, showing -------------------------------------------------------------------------------------------

.PHONY: bench bench-goals demo
bench: all $(TESTTOOLS) ## what a tick costs beside the floor and other monitors; verdicts against known truth
	@VCTOP=$(CURDIR)/$(B)/vctop tests/bench/run.sh
	@VCTOP=$(CURDIR)/$(B)/vctop tests/bench/verdicts.sh
bench-goals: all $(TESTTOOLS) ## what vctop is meant to cost at most, and whether it does: here, then in a guest on cgroup v2
	$(Q)+$(MAKE) --no-print-directory guest-kernel || echo "no guest kernel: nothing is measured on cgroup v2"
	@VCTOP=$(CURDIR)/$(B)/vctop tests/bench/run.sh goals
	@VCTOP=$(CURDIR)/$(B)/vctop tests/bench/guest.sh

.PHONY: screenshots
screenshots: $(B)/vctop ## draw the pictures in screenshots/ from a recording
	@VCTOP=$(CURDIR)/$(B)/vctop tests/tools/screenshots.sh make

demo: ## build, start a sample container and a sample VM, open the dashboard; removes them at the end
	@tests/tools/deps.sh build demo
	$(Q)+$(MAKE) $(SIDE) --no-print-directory all
	$(Q)+$(MAKE) --no-print-directory guest-kernel || echo "no guest kernel: the demo goes on without a VM"
	$(Q)tests/tools/as-root.sh $(B)/vctop --demo

# ---- installing ---------------------------------------------------------------------------------------------------

.PHONY: install uninstall
install: all ## PREFIX=/usr/local, DESTDIR=
	install -d '$(DESTDIR)$(BINDIR)' '$(DESTDIR)$(DATADIR)'
	install -m 755 $(B)/vctop '$(DESTDIR)$(BINDIR)/vctop'
	install -m 644 $(SCHEMAS) '$(DESTDIR)$(DATADIR)'
	if [ -f $(B)/vctop-workload ]; then install -d '$(DESTDIR)$(LIBEXEC)' && \
		install -m 755 $(B)/vctop-workload '$(DESTDIR)$(LIBEXEC)/vctop-workload'; fi
	install -d '$(DESTDIR)$(MANDIR)/man1'
	install -m 644 $(B)/vctop.1 '$(DESTDIR)$(MANDIR)/man1/vctop.1'
	install -d '$(DESTDIR)$(UNITDIR)'
	sed 's|@BINDIR@|$(BINDIR)|' src/doc/vctop-watch.service.in > '$(DESTDIR)$(UNITDIR)/vctop-watch.service'
	chmod 644 '$(DESTDIR)$(UNITDIR)/vctop-watch.service'

uninstall: ## remove what install put there
	rm -f '$(DESTDIR)$(BINDIR)/vctop' $(SCHEMAS:src/doc/%='$(DESTDIR)$(DATADIR)/%') \
		'$(DESTDIR)$(LIBEXEC)/vctop-workload' '$(DESTDIR)$(MANDIR)/man1/vctop.1' \
		'$(DESTDIR)$(UNITDIR)/vctop-watch.service'
	-rmdir '$(DESTDIR)$(DATADIR)' '$(DESTDIR)$(LIBEXEC)' 2>/dev/null

.PHONY: clean
clean: ## remove build/
	rm -rf build

.PHONY: help
help: ## this list
	@echo "vctop: containers and VMs side by side"; echo
	@sed -n 's/^\([a-z][a-z -]*\):[^#]*## \(.*\)$$/\1	\2/p' $(firstword $(MAKEFILE_LIST)) | \
		awk -F'\t' '{ printf "  make %-22s %s\n", $$1, $$2 }'
