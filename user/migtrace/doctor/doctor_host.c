// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * doctor_host.c - checks of the host itself: kernel, KVM, post-copy's needs, the daemon
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <sys/utsname.h>

#include "base/units.h"
#include "source/source.h"
#include "doctor.h"

/* Both are migtraced's defaults. */
#define RECORDINGS	"/var/lib/migtrace"
#define CONTROL_SOCKET	"/run/migtrace/control.sock"

#define SPACE_WANTED	(100 * MT_MIB)	/* a recording is some 100 KiB; a history of them is not */
#define ANSWER_S	2

#define CAP_PERFMON_BIT	38		/* linux/capability.h */
#define CAP_BPF_BIT	39

/* The first line of a small file, without its newline. Return: 0 or -errno. */
static int read_line(const char *path, char *buf, size_t size)
{
	mt_autofclose FILE *f = fopen(path, "re");

	if (!f)
		return -errno;
	if (!fgets(buf, (int)size, f))
		return -ENODATA;
	buf[strcspn(buf, "\n")] = '\0';
	return 0;
}

static bool elsewhere(const struct doctor *d, struct finding *f)
{
	if (!d->local)
		doctor_found(f, DOCTOR_SKIP,
			     "the hypervisor is another host: run migtrace doctor there");
	return !d->local;
}

/* --- kernel and KVM ----------------------------------------------------- */
static void check_kernel(const struct doctor *d, struct finding *f)
{
	unsigned major = 0, minor = 0;
	struct utsname u;

	if (elsewhere(d, f))
		return;
	if (uname(&u) || sscanf(u.release, "%u.%u", &major, &minor) != 2) {
		doctor_found(f, DOCTOR_UNKNOWN, "uname does not say");
		return;
	}
	doctor_found(f, DOCTOR_OK, "%s %s, %s", u.sysname, u.release, u.machine);
	if (major < 6 || (major == 6 && minor < 1)) {
		f->result = DOCTOR_WARN;
		doctor_remedy(f, "migtrace is tested with 6.1 and 6.12; older kernels are not known to fail");
	}
	if (strcmp(u.machine, "x86_64")) {
		f->result = DOCTOR_WARN;
		doctor_remedy(f, "migtrace is tested on x86-64 only");
	}
}

static void check_kvm(const struct doctor *d, struct finding *f)
{
	mt_autoclose int fd = -1;
	int version;

	if (elsewhere(d, f))
		return;
	fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (fd < 0 && errno == EACCES) {
		doctor_found(f, DOCTOR_OK,
			     "there; this user may not open it, and need not: QEMU does");
		return;
	}
	if (fd < 0) {
		doctor_found(f, DOCTOR_MISSING, "/dev/kvm: %s; guests run under TCG, slowly",
			     strerror(errno));
		doctor_remedy(f, "switch on VT-x or AMD-V in the firmware, then modprobe kvm_intel or kvm_amd");
		return;
	}
	version = ioctl(fd, KVM_GET_API_VERSION, 0);
	if (version == KVM_API_VERSION) {
		doctor_found(f, DOCTOR_OK, "/dev/kvm opens, API version %d", version);
	} else {
		doctor_found(f, DOCTOR_MISSING, "/dev/kvm opens but answers API version %d, not %d",
			     version, KVM_API_VERSION);
		doctor_remedy(f, "QEMU will not use it: look at what provides /dev/kvm here");
	}
}

static bool has_flag(const char *flags, const char *flag)
{
	size_t len = strlen(flag);

	for (const char *p = flags; (p = strstr(p, flag)); p += len)
		if (p > flags && p[-1] == ' ' && (p[len] == ' ' || p[len] == '\n' || !p[len]))
			return true;
	return false;
}

static void check_virtualisation(const struct doctor *d, struct finding *f)
{
	mt_autofclose FILE *cpuinfo = NULL;
	mt_autofree char *line = NULL;
	const char *found = NULL;
	bool nested = false;
	size_t size = 0;

	if (elsewhere(d, f))
		return;
	cpuinfo = fopen("/proc/cpuinfo", "re");
	while (cpuinfo && getline(&line, &size, cpuinfo) > 0) {
		if (strncmp(line, "flags", 5))
			continue;
		found = has_flag(line, "vmx") ? "vmx (Intel VT-x)" :
			has_flag(line, "svm") ? "svm (AMD-V)" :
						"";
		nested = has_flag(line, "hypervisor");
		break;
	}
	if (!found) {
		doctor_found(f, DOCTOR_UNKNOWN, "/proc/cpuinfo has no flags");
	} else if (*found) {
		doctor_found(f, DOCTOR_OK, "%s%s", found,
			     nested ? ", nested: expect noisy timings" : "");
	} else {
		doctor_found(f, DOCTOR_WARN, "neither vmx nor svm%s",
			     nested ? ", inside another hypervisor" : "");
		doctor_remedy(f, "%s", !nested ? "switch it on in the firmware" :
			      "let the outer hypervisor pass it on: kvm_intel nested=1, CPU host-passthrough");
	}
}

static void check_ring(const struct doctor *d, struct finding *f)
{
	mt_autoclose int fd = -1;
	int entries;

	if (elsewhere(d, f))
		return;
	fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		doctor_found(f, DOCTOR_UNKNOWN, "/dev/kvm cannot be asked: %s", strerror(errno));
		return;
	}
	entries = ioctl(fd, KVM_CHECK_EXTENSION, KVM_CAP_DIRTY_LOG_RING);
	if (entries > 0)
		/* The kernel answers in bytes, 16 an entry. */
		doctor_found(f, DOCTOR_OK, "bitmap, and rings of up to %d entries a vCPU",
			     entries / (int)sizeof(struct kvm_dirty_gfn));
	else
		doctor_found(f, DOCTOR_OK, "bitmap only: this kernel's KVM has no dirty ring");
}

/* --- post-copy ------------------------------------------------------------ */
/* Whether libvirt starts QEMU as root. Return: 1, 0, or -errno when that cannot be read. */
static int qemu_is_root(void)
{
	mt_autofclose FILE *conf = fopen("/etc/libvirt/qemu.conf", "re");
	mt_autofree char *line = NULL;
	size_t size = 0;
	int root = 0;

	if (!conf)
		return errno == ENOENT ? 0 : -errno;	/* Debian's libvirt has a user of its own
							 * for QEMU */
	while (getline(&line, &size, conf) > 0) {
		char user[64];

		if (sscanf(line, " user = \"%63[^\"]\"", user) == 1)
			root = !strcmp(user, "root") || !strcmp(user, "0") || !strcmp(user, "+0");
	}
	return root;
}

static void check_userfaultfd(const struct doctor *d, struct finding *f)
{
	char value[16];
	int rc, root;

	if (elsewhere(d, f))
		return;
	rc = read_line("/proc/sys/vm/unprivileged_userfaultfd", value, sizeof(value));
	if (rc == -ENOENT) {
		doctor_found(f, DOCTOR_WARN,
			     "not in this kernel: no guest can arrive by post-copy");
		doctor_remedy(f, "use a kernel with CONFIG_USERFAULTFD, as Debian's is, or leave --postcopy out");
		return;
	}
	if (rc) {
		doctor_found(f, DOCTOR_UNKNOWN, "vm.unprivileged_userfaultfd: %s", strerror(-rc));
		return;
	}
	if (!strcmp(value, "1")) {
		doctor_found(f, DOCTOR_OK, "for every process");
		return;
	}
	root = qemu_is_root();
	if (root == 1) {
		doctor_found(f, DOCTOR_OK, "only for root, as which QEMU runs here");
		return;
	}
	doctor_found(f, DOCTOR_WARN, "only for root, and QEMU %s: no guest can arrive by post-copy",
		     root == 0 ? "is not" : "seems not to be (qemu.conf is not readable)");
	doctor_remedy(f, "to allow post-copy: sysctl vm.unprivileged_userfaultfd=1, and in /etc/sysctl.d");
}

/* --- time ----------------------------------------------------------------- */
static void check_clock(const struct doctor *d, struct finding *f)
{
	char source[64];
	int rc = read_line("/sys/devices/system/clocksource/clocksource0/current_clocksource",
			   source, sizeof(source));

	if (rc) {
		doctor_found(f, DOCTOR_UNKNOWN, "the clock source cannot be read: %s",
			     strerror(-rc));
		return;
	}
	doctor_found(f, DOCTOR_OK, "%s", source);
	if (!strcmp(source, "hpet") || !strcmp(source, "acpi_pm") || !strcmp(source, "jiffies")) {
		f->result = DOCTOR_WARN;
		doctor_remedy(f, "each time stamp is slow; dmesg says why the kernel does not trust tsc");
	}
}

/* --- for the kernel sources ------------------------------------------------ */
static void check_btf(const struct doctor *d, struct finding *f)
{
	if (elsewhere(d, f))
		return;
	if (!access("/sys/kernel/btf/vmlinux", R_OK)) {
		doctor_found(f, DOCTOR_OK, "/sys/kernel/btf/vmlinux");
		return;
	}
	doctor_found(f, DOCTOR_WARN, "none: no BPF probe can be loaded");
	doctor_remedy(f, "use a kernel with CONFIG_DEBUG_INFO_BTF, as Debian's is");
}

static void check_cap_bpf(const struct doctor *d, struct finding *f)
{
	const uint64_t wanted = 1ULL << CAP_BPF_BIT | 1ULL << CAP_PERFMON_BIT;
	mt_autofclose FILE *status = NULL;
	mt_autofree char *line = NULL;
	unsigned long long caps = 0;
	bool found = false;
	size_t size = 0;

	if (elsewhere(d, f))
		return;
	status = fopen("/proc/self/status", "re");
	while (!found && status && getline(&line, &size, status) > 0)
		found = sscanf(line, "CapEff: %llx", &caps) == 1;
	if (!found)
		doctor_found(f, DOCTOR_UNKNOWN, "the kernel does not say");
	else if ((caps & wanted) == wanted)
		doctor_found(f, DOCTOR_OK, "CAP_BPF and CAP_PERFMON are held");
	else
		doctor_found(f, DOCTOR_WARN,
			     "CAP_BPF and CAP_PERFMON are not held: no BPF probe can be loaded");
	if (f->result == DOCTOR_WARN)
		doctor_remedy(f, "run as root to use the BPF probes");
}

static void check_modules(const struct doctor *d, struct finding *f)
{
	char value[16];
	const char *found = "the kernel takes modules";

	if (elsewhere(d, f))
		return;
	if (access("/proc/modules", F_OK))
		found = "the kernel takes no modules";
	else if (!read_line("/proc/sys/kernel/modules_disabled", value, sizeof(value)) &&
		 strcmp(value, "0"))
		found = "loading modules is switched off until the next boot";
	doctor_found(f, DOCTOR_SKIP, "%s", found);
}

static void check_kmod(const struct doctor *d, struct finding *f)
{
	const struct mt_source_ops *kmod = mt_source_find("kmod");
	struct mt_err err = { 0 };

	if (elsewhere(d, f))
		return;
	if (!kmod->probe(&err)) {
		doctor_found(f, DOCTOR_OK,
			     "loaded, ABI version %d: record, top, migrate and migtraced use it",
			     MIGTRACE_ABI_VERSION);
		return;
	}
	/* Nothing needs it: there are other sources, and QEMU's own measurements. */
	doctor_found(f, access("/proc/modules", F_OK) ? DOCTOR_SKIP : DOCTOR_WARN, "%s", err.msg);
	doctor_remedy(f, "without it U(T) comes from the BPF probes, or in whole seconds from QEMU");
}

/* --- migtraced -------------------------------------------------------------- */
static void check_space(const struct doctor *d, struct finding *f)
{
	static const char *const above[] = { RECORDINGS, "/var/lib", "/" };
	char free_space[MT_UNIT_STR];
	struct statvfs v;
	uint64_t bytes;
	size_t i = 0;

	if (elsewhere(d, f))
		return;
	while (i < MT_ARRAY_SIZE(above) && statvfs(above[i], &v))
		i++;
	if (i == MT_ARRAY_SIZE(above)) {
		doctor_found(f, DOCTOR_UNKNOWN, "%s: %s", RECORDINGS, strerror(errno));
		return;
	}
	bytes = (uint64_t)v.f_bavail * v.f_frsize;
	doctor_found(f, bytes < SPACE_WANTED ? DOCTOR_WARN : DOCTOR_OK, "%s free for %s",
		     mt_format_size_bytes(free_space, (double)bytes), RECORDINGS);
	if (f->result == DOCTOR_WARN)
		doctor_remedy(f, "make room, or keep fewer recordings: keep = N in migtraced.conf");
}

static void check_migtraced(const struct doctor *d, struct finding *f)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX, .sun_path = CONTROL_SOCKET };
	struct timeval patience = { .tv_sec = ANSWER_S };
	mt_autoclose int fd = -1;

	if (elsewhere(d, f))
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		doctor_found(f, DOCTOR_UNKNOWN, "no socket: %s", strerror(errno));
		return;
	}
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (!connect(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		doctor_found(f, DOCTOR_OK, "answers at %s", CONTROL_SOCKET);
	} else if (errno == EACCES) {
		doctor_found(f, DOCTOR_UNKNOWN, "%s is there, but not for this user",
			     CONTROL_SOCKET);
		doctor_remedy(f, "run as root, or join the group set in migtraced.conf");
	} else if (errno == ENOENT) {
		doctor_found(f, DOCTOR_SKIP, "does not run; migrate and record do not need it");
		doctor_remedy(f, "to look after migrations that others start: systemctl enable --now migtraced");
	} else {
		doctor_found(f, DOCTOR_WARN, "%s is there, but nobody answers: %s", CONTROL_SOCKET,
			     strerror(errno));
		doctor_remedy(f, "systemctl restart migtraced; journalctl -u migtraced says why it ended");
	}
}

static const struct doctor_check checks[] = {
	{ "kernel", check_kernel },
	{ "kvm", check_kvm },
	{ "virtualisation", check_virtualisation },
	{ "dirty-log", check_ring },
	{ "userfaultfd", check_userfaultfd },
	{ "clock-source", check_clock },
	{ "recordings-space", check_space },
	{ "migtraced", check_migtraced },
	{ "btf", check_btf },
	{ "bpf-capabilities", check_cap_bpf },
	{ "modules", check_modules },
	{ "migtrace-module", check_kmod },
};

const struct doctor_check *doctor_host_check(size_t i)
{
	return i < MT_ARRAY_SIZE(checks) ? &checks[i] : NULL;
}
