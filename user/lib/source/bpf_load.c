// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * bpf_load.c - what all BPF probes do alike: loading, attaching, and saying why not
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf_load.h"

#define BTF_PATH	"/sys/kernel/btf/vmlinux"

/*
 * What libbpf said first since something was last begun: the cause; the rest are its consequences.
 */
static __thread char said[256];

static int listen(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char line[sizeof(said)];

	if (level != LIBBPF_WARN || *said)
		return 0;
	vsnprintf(line, sizeof(line), fmt, ap);
	line[strcspn(line, "\n")] = '\0';
	snprintf(said, sizeof(said), "%s", !strncmp(line, "libbpf: ", 8) ? line + 8 : line);
	return 0;
}

void mt_bpf_quiet(void)
{
	*said = '\0';
	libbpf_set_print(listen);
}

int mt_bpf_fail(struct mt_err *err, int rc, const char *what)
{
	char because[sizeof(said) + 4] = "";

	if (*said)
		snprintf(because, sizeof(because), " (%s)", said);
	*said = '\0';
	switch (rc) {
	case -EPERM:
	case -EACCES:
		if (geteuid())
			return mt_err_set(
				err, -EPERM,
				"%s: BPF is not for this user: run as root, or with CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE",
				what);
		return mt_err_set(
			err, -EPERM,
			"%s: the kernel refuses it%s: it forbids this kind of tracing (lockdown, or not built in)",
			what, because);
	case -ESRCH:
	case -ENOENT:
		return mt_err_set(
			err, -EOPNOTSUPP,
			"%s: this kernel has no such hook%s: is kvm loaded? modprobe kvm_amd or kvm_intel",
			what, because);
	case -ENOMEM:
		return mt_err_set(err, rc, "%s: no memory for it", what);
	default:
		return mt_err_set(err, rc, "%s: %s%s", what, strerror(-rc), because);
	}
}

int mt_bpf_usable(struct mt_err *err)
{
	uint32_t id = 0;

	if (access(BTF_PATH, R_OK))
		return mt_err_set(err, -EOPNOTSUPP,
				  "the kernel has no BTF (" BTF_PATH
				  "): run one built with CONFIG_DEBUG_INFO_BTF, as Debian's are");
	/* Asking for the first program needs the rights that finding KVM's types needs later. */
	if (bpf_prog_get_next_id(0, &id) && errno != ENOENT) {
		if (errno == EPERM || errno == EACCES)
			return mt_err_set(
				err, -EPERM,
				"BPF is not for this user: run as root, or with CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN and CAP_SYS_PTRACE");
		return mt_err_set(err, -EOPNOTSUPP, "the kernel has no BPF: %s", strerror(errno));
	}
	return 0;
}

int mt_bpf_attach(struct bpf_program *prog, struct bpf_link **link, struct mt_err *err)
{
	*link = bpf_program__attach(prog);
	if (*link)
		return 0;
	return mt_bpf_fail(err, -errno, bpf_program__section_name(prog));
}

int mt_bpf_run(struct bpf_program *prog, const uint64_t *args, size_t n)
{
	uint64_t ctx[4] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = ctx, .ctx_size_in = sizeof(ctx));

	for (size_t i = 0; i < n && i < MT_ARRAY_SIZE(ctx); i++)
		ctx[i] = args[i];
	if (bpf_prog_test_run_opts(bpf_program__fd(prog), &opts))
		return -errno;
	return (int)opts.retval;
}

static int create(size_t bytes)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);

	return bpf_map_create(BPF_MAP_TYPE_ARRAY, "migtrace_bits", sizeof(uint32_t),
			      (uint32_t)bytes, 1, &opts);
}

int mt_bpf_size_map(struct bpf_object_skeleton *skel, struct bpf_map *map, size_t bytes,
		    void **at, struct mt_err *err)
{
	int fd, rc;

	*at = NULL;
	fd = create(bytes);
	if (fd < 0)
		return mt_err_set(err, -errno, "no map of %zu bytes for sets of pages: %s", bytes,
				  strerror(errno));
	rc = bpf_map__reuse_fd(map, fd);
	if (!rc) {
		*at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (*at == MAP_FAILED) {
			rc = -errno;
			*at = NULL;
		}
	}
	close(fd);	/* libbpf has its own */
	if (rc)
		return mt_err_set(err, rc, "cannot map %zu bytes for sets of pages: %s", bytes,
				  strerror(-rc));
	/* The skeleton would map it over what lies behind the variable's first page. */
	for (int i = 0; i < skel->map_cnt; i++)
		if (*skel->maps[i].map == map)
			skel->maps[i].mmaped = NULL;
	return 0;
}

/*
 * libbpf unmaps its own copy of the variable by the size that the map has now: with it what lies
 * behind.
 */
int mt_bpf_unsize_map(struct bpf_map *map, size_t bytes)
{
	int fd, rc;

	if (bpf_map__value_size(map) == bytes)
		return 0;
	fd = create(bytes);
	if (fd < 0)
		return -errno;
	rc = bpf_map__reuse_fd(map, fd);
	close(fd);
	return rc;
}
