# Builds NAME (the host, with the enclave inside), NAME.enclave and NAME.sigstruct from host.c and trusted.c.
# The sources are found beside the Makefile, so `make -f .../Makefile` in another folder builds there.
HERE := $(dir $(abspath $(firstword $(MAKEFILE_LIST))))
COMMON := $(HERE)../common/
CC := gcc

# The same bytes for everybody: no build id, no paths.
REPRODUCIBLE := -ffile-prefix-map=$(abspath $(HERE)..)=. -frandom-seed=$(NAME) -Wl,--build-id=none
# The enclave lies where the kernel puts it, has no C library, and saves no vector registers, so it uses none.
TRUSTED_FLAGS := -O2 -Wall -Wextra -march=x86-64 -ffreestanding -fPIE -fno-plt -fvisibility=hidden -mgeneral-regs-only \
	-fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns \
	-static -nostdlib -nostartfiles -no-pie -Wl,-T,$(COMMON)trusted.ld -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack
HOST_FLAGS := -O2 -Wall -Wextra -march=x86-64 -fcf-protection=none -static -ffunction-sections -fdata-sections \
	-Wl,--gc-sections -s $(LIBC_FLAGS)
HOST_SOURCES := $(HERE)host.c $(addprefix $(COMMON),enclave.c vdso.c enclave-call.S embed.S) $(LIBC_SOURCES)
TRUSTED_SOURCES := $(COMMON)trusted-entry.S $(HERE)trusted.c

$(NAME): $(HOST_SOURCES) $(NAME).enclave $(NAME).sigstruct
	$(CC) $(HOST_FLAGS) $(REPRODUCIBLE) -I$(COMMON) -I. -DENCLAVE='"$(NAME).enclave"' -DSIGSTRUCT='"$(NAME).sigstruct"' \
		-o $@ $(HOST_SOURCES)

$(NAME).enclave: $(TRUSTED_SOURCES) $(COMMON)trusted.ld $(COMMON)trusted.h
	$(CC) $(TRUSTED_FLAGS) $(REPRODUCIBLE) -I$(COMMON) -o $@ $(TRUSTED_SOURCES)
	strip --strip-all $@

$(NAME).sigstruct: $(NAME).enclave $(COMMON)sign.mjs $(COMMON)example-key.pem
	node $(COMMON)sign.mjs $(NAME).enclave $(COMMON)example-key.pem $@

clean:
	rm -f $(NAME) $(NAME).enclave $(NAME).sigstruct
.PHONY: clean
