# vctop: containers and VMs side by side.  `make help` lists the targets.
MAKEFLAGS += --no-builtin-rules
PREFIX  ?= /usr/local
BINDIR  ?= $(PREFIX)/bin
LIBEXEC ?= $(PREFIX)/libexec/vctop
DATADIR ?= $(PREFIX)/share/vctop
MANDIR  ?= $(PREFIX)/share/man
-include config.mak

CC      ?= cc
ifeq ($(origin CC),default)
CC      := cc
endif
B       := build$(if $(SANITIZE),/$(subst $(comma),-,$(SANITIZE)))
comma   := ,
V       ?= 0
Q       := $(if $(filter 1,$(V)),,@)

VERSION := $(shell git describe --always --dirty 2>/dev/null || echo unreleased)

PKGS     := ncursesw jansson libproc2 libcgroup
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
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now $(if $(SANITIZE),-fsanitize=$(SANITIZE)) $(LDFLAGS)
DEFS    = -DVCTOP_VERSION='"$(VERSION)"' -DVCTOP_LIBEXEC='"$(LIBEXEC)"' -DVCTOP_DATADIR='"$(DATADIR)"'

LAYERS  := base model source derive view lab app
SRC     := $(sort $(foreach l,$(LAYERS),$(shell find src/$(l) -name '*.c' -not -path 'src/lab/workload/*')))
OBJ     := $(SRC:src/%.c=$(B)/%.o)
LIBOBJ  := $(filter-out $(B)/app/main.o,$(OBJ))

.PHONY: all
all: $(B)/vctop $(B)/vctop-workload

# The only program inside a sample container or VM: static, and never sanitized, for nothing else is in there.
$(B)/vctop-workload: src/lab/workload/workload.c
	@mkdir -p $(@D)
	@echo "  CC       $@ (static)"
	$(Q)$(CC) -std=gnu17 -D_GNU_SOURCE $(WARN) $(if $(DEVELOPER),-Werror) -static -O2 -o $@ $<

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

$(B)/libvctop.a: $(LIBOBJ)
	@echo "  AR       $@"
	$(Q)rm -f $@ && ar rcs $@ $^

$(B)/%.o: src/%.c
	@mkdir -p $(@D)
	@echo "  CC       $<"
	$(Q)$(CC) $(ALL_CFLAGS) $(DEFS) -MMD -MP -c -o $@ $<

-include $(OBJ:.o=.d)

.PHONY: clean
clean:
	rm -rf build
