# libfuture: building, testing, installing. `make help` lists the commands.
#
# Everything is written below $(BUILD), so configurations live side by side and nothing else in the tree changes:
#
#     make BUILD=build-arm CC=arm-linux-gnueabihf-gcc AR=arm-linux-gnueabihf-ar
#
# Commands that need packages install them through scripts/install-deps.sh, which does nothing where they are there already;
# DEPS=no never installs.

BUILD      ?= build
PREFIX     ?= /usr/local
LIBDIR     ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DEPS       ?= yes
PKG_CONFIG ?= pkg-config
CFLAGS     ?= -O2 -g

# All cores, unless a make above this one, or -j, says otherwise.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 1)
endif

ifneq ($(filter / $(CURDIR),$(abspath $(BUILD))),)
$(error BUILD must be a directory of its own: `make clean` removes it)
endif

version_part = $(shell sed -n 's/^.define FUT_VERSION_$(1) *//p' include/future.h)
major   := $(call version_part,MAJOR)
version := $(major).$(call version_part,MINOR).$(call version_part,PATCH)

# ---- How things are compiled ----------------------------------------------------------------------------------------

compile = @mkdir -p $(@D) && echo "  CC    $@" && \
	$(CC) -std=c11 -Wall -Wextra -Wpedantic -Iinclude -pthread $(1) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
link = @mkdir -p $(@D) && echo "  LINK  $@" && $(CC) -pthread $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o %.a,$^) $(1) $(LDLIBS)

# All objects depend on this file, which changes with the compiler and its flags, and only then.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(flags)' | cmp -s - $@ || echo '$(flags)' >$@
flags = $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(RUNNER)

# install-deps.sh GROUP, once and before anything is compiled.
deps-%: FORCE
	@[ "$(DEPS)" = no ] || CC='$(CC)' CPPFLAGS='$(CPPFLAGS)' scripts/install-deps.sh $*
deps-test deps-check deps-bench deps-bench-insn deps-bench-peers: deps-build

# ---- The library ----------------------------------------------------------------------------------------------------

all: lib ## build the static and the shared library (the default)
.DEFAULT_GOAL := all

lib_sources    := $(wildcard src/*/*.c)
static_objects := $(lib_sources:%.c=$(BUILD)/static/%.o)
shared_objects := $(lib_sources:%.c=$(BUILD)/shared/%.o)
static_library := $(BUILD)/libfuture.a
shared_library := $(BUILD)/libfuture.so.$(version)

lib: $(static_library) $(BUILD)/libfuture.so

# Two sets of objects: position-independent code reaches thread-local variables more slowly.
$(BUILD)/static/%.o: %.c $(BUILD)/flags | deps-build
	$(call compile)
$(BUILD)/shared/%.o: %.c $(BUILD)/flags | deps-build
	$(call compile,-fPIC)

$(static_library): $(static_objects)
	@echo "  AR    $@" && rm -f $@ && $(AR) rcs $@ $^

$(shared_library): $(shared_objects) src/libfuture.map
	$(call link,-shared -Wl$(comma)-soname$(comma)libfuture.so.$(major) -Wl$(comma)--version-script=src/libfuture.map)
comma := ,

$(BUILD)/libfuture.so: $(shared_library)
	@ln -sf libfuture.so.$(version) $(BUILD)/libfuture.so.$(major)
	@ln -sf libfuture.so.$(major) $@

# ---- The tour -------------------------------------------------------------------------------------------------------

run: $(BUILD)/tour ## the guided tour; make run CHAPTER=3 for one chapter
	@$< $(CHAPTER)

tour_sources := $(wildcard examples/tour/*.c)
tour_objects := $(tour_sources:%.c=$(BUILD)/%.o)
$(tour_objects): $(BUILD)/%.o: %.c $(BUILD)/flags | deps-build
	$(call compile)
$(BUILD)/tour: $(tour_objects) $(static_library)
	$(if $(tour_sources),,@echo "examples/tour has no sources yet" >&2; exit 1)
	$(call link,-lm)

# ---- Tests ----------------------------------------------------------------------------------------------------------
#
# tests/LAYER/*.c are Criterion tests: one program for each layer and each of the two ways to lower AWAIT, or LOWERINGS of
# them.
# RUNNER=fork puts tests/runner.c in the place of Criterion's own runner, for sanitizers. tests/threads/*.c are plain
# programs.

test: test-programs ## all tests; make test T='suite/pattern' for some of them
	@T='$(T)' scripts/run-tests.sh $(layer_tests) -- $(thread_tests)

not_criterion := install interleave layers misuse threads
test_layers   := $(filter-out $(not_criterion),$(patsubst tests/%/,%,$(sort $(dir $(wildcard tests/*/*.c)))))
LOWERINGS     ?= switch goto
layer_tests   := $(foreach layer,$(test_layers),$(LOWERINGS:%=$(BUILD)/tests/$(layer)-%))
thread_tests  := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/threads/*.c))

test-programs: $(layer_tests) $(thread_tests)

lowering_switch :=
lowering_goto   := -DFUT_COMPUTED_GOTO

runner := $(if $(filter fork,$(RUNNER)),$(BUILD)/tests/runner.o)
$(BUILD)/tests/runner.o: tests/runner.c $(BUILD)/flags | deps-test
	$(call compile,$$($(PKG_CONFIG) --cflags criterion))

# $(1): layer; $(2): lowering
define layer_test
$(1)_$(2)_objects := $$(patsubst %.c,$$(BUILD)/%-$(2).o,$$(wildcard tests/$(1)/*.c))
test_objects += $$($(1)_$(2)_objects)
$$($(1)_$(2)_objects): $$(BUILD)/%-$(2).o: %.c $$(BUILD)/flags | deps-test
	$$(call compile,-Itests $$(lowering_$(2)) $$$$($$(PKG_CONFIG) --cflags criterion))
$$(BUILD)/tests/$(1)-$(2): $$($(1)_$(2)_objects) $$(runner) $$(static_library)
	$$(call link,$$$$($$(PKG_CONFIG) --libs criterion) -lm)
endef
$(foreach layer,$(test_layers),$(foreach lowering,switch goto,$(eval $(call layer_test,$(layer),$(lowering)))))

thread_objects := $(thread_tests:=.o)
$(thread_objects): $(BUILD)/%.o: %.c $(BUILD)/flags | deps-build
	$(call compile,-Itests)
$(thread_tests): %: %.o $(static_library)
	$(call link,-lm)

interleave: $(BUILD)/interleave/interleave ## the library's threads in every order that a bound allows
	@$< $(ARGS)

# The library once more, each atomic access a step: tests/interleave/explorer.h.
stepped := $(patsubst %.c,$(BUILD)/interleave/%.o,$(lib_sources) tests/interleave/main.c)
$(stepped): $(BUILD)/interleave/%.o: %.c tests/interleave/step.h $(BUILD)/flags | deps-build
	$(call compile,-include tests/interleave/step.h)
$(BUILD)/interleave/explorer.o: tests/interleave/explorer.c $(BUILD)/flags | deps-build
	$(call compile)
$(BUILD)/interleave/interleave: $(stepped) $(BUILD)/interleave/explorer.o
	$(call link,-Wl$(comma)--wrap=poll -lm)

check: deps-check lib ## everything that guards main; one line a step, one line of verdict
	@BUILD='$(BUILD)' scripts/check.sh $(STEPS)

# ---- Benchmarks -----------------------------------------------------------------------------------------------------

bench_programs := $(patsubst %.c,$(BUILD)/%,$(wildcard bench/*/*.c))
bench_helpers  := $(patsubst %.c,$(BUILD)/%.o,$(wildcard bench/*.c))
bench_objects  := $(bench_programs:=.o) $(bench_helpers)

bench: deps-bench bench-programs ## measure; the results go to $(BUILD)/bench/results.json
	@BUILD='$(BUILD)' CC='$(CC)' bench/run.sh
bench-insn: deps-bench-insn bench-programs ## count instructions with callgrind
	@BUILD='$(BUILD)' CC='$(CC)' bench/insn.sh

bench-peers: deps-bench-peers bench-programs ## the same against tokio, Go and others; see bench/README.md
	@BUILD='$(BUILD)' CC='$(CC)' bench/peers/run.sh

bench-programs: $(bench_programs)
$(bench_objects): $(BUILD)/%.o: %.c $(BUILD)/flags | deps-build
	$(call compile,-Ibench)
$(bench_programs): %: %.o $(bench_helpers) $(static_library)
	$(call link,-lm)

# ---- Installing -----------------------------------------------------------------------------------------------------

root_include  := $(DESTDIR)$(INCLUDEDIR)
root_lib      := $(DESTDIR)$(LIBDIR)
fill_template  = sed -e 's|@prefix@|$(PREFIX)|' -e 's|@version@|$(version)|' \
	-e 's|@includedir@|$(INCLUDEDIR:$(PREFIX)/%=$${prefix}/%)|' -e 's|@libdir@|$(LIBDIR:$(PREFIX)/%=$${prefix}/%)|'

install: lib ## install below $(DESTDIR)$(PREFIX): headers, libraries, pkg-config files
	install -d $(root_include)/future/macros $(root_lib)/pkgconfig
	sed 's|#include "../macros/|#include "future/macros/|' include/future.h >$(root_include)/future.h
	chmod 644 $(root_include)/future.h
	install -m 644 include/future/*.h $(root_include)/future
	sed -i 's|#include "../../macros/|#include "macros/|' $(root_include)/future/*.h
	install -m 644 macros/*.h $(root_include)/future/macros
	install -m 644 $(static_library) $(root_lib)
	install -m 755 $(shared_library) $(root_lib)
	ln -sf libfuture.so.$(version) $(root_lib)/libfuture.so.$(major)
	ln -sf libfuture.so.$(major) $(root_lib)/libfuture.so
	$(fill_template) future.pc.in >$(root_lib)/pkgconfig/future.pc
	$(fill_template) future-strict.pc.in >$(root_lib)/pkgconfig/future-strict.pc
	chmod 644 $(root_lib)/pkgconfig/future.pc $(root_lib)/pkgconfig/future-strict.pc
	[ -n "$(DESTDIR)" ] || ldconfig 2>/dev/null || true # so that programs find the library at once

uninstall: ## remove what install has put there
	rm -f $(root_include)/future.h $(root_lib)/libfuture.a $(root_lib)/libfuture.so*
	rm -f $(root_lib)/pkgconfig/future.pc $(root_lib)/pkgconfig/future-strict.pc
	rm -rf $(root_include)/future

dist: $(BUILD)/dist/future.h ## the whole freestanding core as one header, $(BUILD)/dist/future.h
$(BUILD)/dist/future.h: include/future.h $(wildcard macros/*.h) scripts/amalgamate.sh
	@mkdir -p $(@D)
	scripts/amalgamate.sh include/future.h >$@.new
	@mv $@.new $@

# ---- The rest -------------------------------------------------------------------------------------------------------

docs: ## check the links and the programs in the documentation; HTML where cmark or pandoc is there
	@BUILD='$(BUILD)' CC='$(CC)' scripts/check-docs.sh

programs: lib test-programs $(BUILD)/interleave/interleave bench-programs $(if $(tour_sources),$(BUILD)/tour) # all that can be compiled

format: ## lay out the sources as .clang-format says
	clang-format -i $(formatted)
check-format:
	clang-format --dry-run --Werror $(formatted)
formatted = $(shell find include src tests examples bench -name '*.[ch]')

clean: ## remove the build directory
	rm -rf $(BUILD)

version: # for scripts
	@echo $(version)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

FORCE:
.PHONY: all lib run test test-programs check bench bench-insn bench-peers bench-programs install uninstall dist docs \
	programs format check-format clean version help FORCE
.DELETE_ON_ERROR:

-include $(patsubst %.o,%.d,$(static_objects) $(shared_objects) $(tour_objects) $(test_objects) $(thread_objects) $(runner) $(bench_objects))
