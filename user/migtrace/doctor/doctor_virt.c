// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * doctor_virt.c - checks of libvirt, QEMU and the guests that run
 */
#include <string.h>

#include <libvirt/libvirt-qemu.h>

#include "base/cleanup.h"
#include "doctor.h"

#define V(major, minor, micro)	((major) * 1000000UL + (minor) * 1000UL + (micro))

#define LIBVIRT_DIRTYRATE_MODES	V(8, 1, 0)	/* virDomainDirtyRateCalcFlags */
#define LIBVIRT_OLDEST		V(3, 7, 0)	/* virDomainMigrateGetMaxDowntime */
#define QEMU_OLDEST		V(5, 2, 0)	/* calc-dirty-rate */

/* Return: true when there is no libvirt to ask, or no QEMU behind it; @f says so. */
static bool no_qemu(const struct doctor *d, struct finding *f)
{
	if (!d->conn)
		doctor_found(f, DOCTOR_UNKNOWN, "no connection to libvirt");
	else if (!d->qemu)
		doctor_found(f, DOCTOR_SKIP, "%s is not QEMU's driver", mt_conn_uri(d->conn));
	return !d->conn || !d->qemu;
}

/* --- libvirt --------------------------------------------------------------- */
static void check_libvirt(const struct doctor *d, struct finding *f)
{
	if (!d->conn) {
		doctor_found(f, DOCTOR_MISSING, "%s", d->conn_err.msg);
		doctor_remedy(f, "systemctl start libvirtd, or name another by --connect");
		return;
	}
	if (!*d->versions.libvirt) {
		doctor_found(f, DOCTOR_UNKNOWN, "%s answers but does not say which version it is",
			     mt_conn_uri(d->conn));
		return;
	}
	doctor_found(f, DOCTOR_OK, "%s at %s", d->versions.libvirt, mt_conn_uri(d->conn));
	if (d->versions.libvirt_number < LIBVIRT_OLDEST) {
		f->result = DOCTOR_MISSING;
		doctor_remedy(f, "migtrace needs 3.7 to read the downtime limit; it is tested with 9.0");
	} else if (d->versions.libvirt_number < LIBVIRT_DIRTYRATE_MODES) {
		f->result = DOCTOR_WARN;
		doctor_remedy(f, "before 8.1 dirty rates can be measured by page-sampling only");
	}
}

static void ignore_event(virConnectPtr conn, virDomainPtr dom, const char *event, long long seconds,
			 unsigned int micros, const char *details, void *opaque)
{
}

static void check_monitor_events(const struct doctor *d, struct finding *f)
{
	virConnectPtr virt;
	int id;

	if (no_qemu(d, f))
		return;
	virt = mt_conn_get(d->conn);
	if (!virt) {
		doctor_found(f, DOCTOR_UNKNOWN, "the connection was lost");
		return;
	}
	id = virConnectDomainQemuMonitorEventRegister(virt, NULL, "MIGRATION", ignore_event, NULL,
						      NULL, 0);
	if (id >= 0) {
		virConnectDomainQemuMonitorEventDeregister(virt, id);
		doctor_found(f, DOCTOR_OK, "permitted: migrations are seen as they begin");
	} else {
		struct mt_err err = { 0 };

		mt_virt_error(&err, "refused");
		doctor_found(f, DOCTOR_WARN,
			     "%s; migrations that others start are noticed late, by looking",
			     err.msg);
		doctor_remedy(f, "run as root, or grant this user libvirt's read-write access");
	}
	virConnectClose(virt);
}

/* --- QEMU -------------------------------------------------------------------- */
static void check_qemu(const struct doctor *d, struct finding *f)
{
	if (no_qemu(d, f))
		return;
	if (!*d->versions.qemu) {
		doctor_found(f, DOCTOR_MISSING, "libvirt finds no QEMU");
		doctor_remedy(f, "install qemu-system-x86, or set the guests' <emulator>");
		return;
	}
	doctor_found(f, DOCTOR_OK, "%s", d->versions.qemu);
	if (d->versions.qemu_number < QEMU_OLDEST) {
		f->result = DOCTOR_WARN;
		doctor_remedy(f, "before 5.2 dirty rates cannot be measured; migtrace is tested with 7.2");
	}
}

/*
 * What is known to go wrong, with which QEMU: from @since, before @until. Outside of these
 * it has not been seen, which is all that an "ok" means here.
 */
struct hazard {
	unsigned long since, until;
	const char *what, *remedy;
};

static void check_hazard(const struct doctor *d, struct finding *f, const struct hazard *h,
			 bool concerned)
{
	unsigned long qemu = d->versions.qemu_number;

	if (!qemu) {
		doctor_found(f, DOCTOR_UNKNOWN, "the version of QEMU is not known");
	} else if (qemu < h->since || qemu >= h->until) {
		doctor_found(f, DOCTOR_OK, "not known of QEMU %s", d->versions.qemu);
	} else {
		doctor_found(f, DOCTOR_WARN, "%s%s", h->what,
			     concerned ? "" : "; no guest here is concerned");
		doctor_remedy(f, "%s", h->remedy);
		if (!concerned)
			f->result = DOCTOR_OK;
	}
	if (f->result == DOCTOR_OK)
		f->remedy[0] = '\0';
}

static size_t count_tcg(const struct doctor *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n_domains; i++)
		n += !strcmp(d->domains[i].type, "qemu");
	return n;
}

static bool has_tcg(const struct doctor *d)
{
	return d->domains_err.code || count_tcg(d);
}

static void check_postcopy_parallel(const struct doctor *d, struct finding *f)
{
	/*
	 * Seen on 7.2, 2 of 2. 8.1 refuses it ("Postcopy is not yet compatible with
	 * multifd"). That older ones do the same is inferred.
	 */
	static const struct hazard h = {
		.since = V(4, 0, 0), .until = V(8, 1, 0),
		.what = "post-copy with parallel connections loses the guest, and libvirt reports success",
		.remedy = "migtrace migrate refuses the two together; do not give virsh both either",
	};

	if (!no_qemu(d, f))
		check_hazard(d, f, &h, true);
}

static void check_dirtyrate_tcg(const struct doctor *d, struct finding *f)
{
	/*
	 * Seen on 7.2 only; that all of 7.x does it is inferred, and later ones were not tried
	 * here.
	 */
	static const struct hazard h = {
		.since = V(7, 0, 0), .until = V(8, 0, 0),
		.what = "measuring a TCG guest's dirty rate by dirty-bitmap kills its QEMU",
		.remedy = "migtrace record refuses it; with virsh domdirtyrate-calc use --mode page-sampling",
	};

	if (!no_qemu(d, f))
		check_hazard(d, f, &h, has_tcg(d));
}

static void check_precopy_tcg(const struct doctor *d, struct finding *f)
{
	/* Since when is not known: taken as ever. */
	static const struct hazard h = {
		.since = 0, .until = MT_QEMU_TCG_SOUND,
		.what = "pre-copy loses memory of TCG guests, and reports success",
		.remedy = "run guests under KVM; check a TCG guest's data after each migration",
	};

	if (!no_qemu(d, f))
		check_hazard(d, f, &h, has_tcg(d));
}

/* --- guests -------------------------------------------------------------------- */
/* "a, b, c and 4 more" of those that @wanted says. */
static void names_of(const struct doctor *d, bool (*wanted)(const struct mt_domain_info *),
		     char *buf, size_t size)
{
	size_t used = 0, more = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < d->n_domains; i++) {
		const char *name = d->domains[i].name;

		if (!wanted(&d->domains[i]))
			continue;
		if (used + strlen(name) + 24 > size)
			more++;
		else
			used += (size_t)snprintf(buf + used, size - used, "%s%s", used ? ", " : "",
						 name);
	}
	if (more)
		snprintf(buf + used, size - used, "%s%zu more", used ? " and " : "", more);
}

static bool is_tcg(const struct mt_domain_info *d)
{
	return !strcmp(d->type, "qemu");
}

static bool no_domains(const struct doctor *d, struct finding *f)
{
	if (no_qemu(d, f))
		return true;
	if (d->domains_err.code)
		doctor_found(f, DOCTOR_UNKNOWN, "%s", d->domains_err.msg);
	else if (!d->n_domains)
		doctor_found(f, DOCTOR_OK, "no guest runs");
	return d->domains_err.code || !d->n_domains;
}

static void check_tcg_guests(const struct doctor *d, struct finding *f)
{
	char names[160];

	if (no_domains(d, f))
		return;
	if (!count_tcg(d)) {
		doctor_found(f, DOCTOR_OK, "%zu guest%s, none under TCG", d->n_domains,
			     d->n_domains == 1 ? "" : "s");
		return;
	}
	names_of(d, is_tcg, names, sizeof(names));
	doctor_found(f, DOCTOR_WARN, "%zu of %zu under TCG: %s", count_tcg(d), d->n_domains, names);
	doctor_remedy(f, "<domain type='kvm'> in their XML, if /dev/kvm is there");
}

static void check_tracking(const struct doctor *d, struct finding *f)
{
	size_t ring = 0, bitmap = 0;

	if (no_domains(d, f))
		return;
	for (size_t i = 0; i < d->n_domains; i++) {
		if (d->domains[i].dirty_ring_entries)
			ring++;
		else
			bitmap++;
	}
	doctor_found(f, DOCTOR_OK, "%zu guest%s with a dirty ring, %zu with a bitmap", ring,
		     ring == 1 ? "" : "s", bitmap);
}

static void check_ports(const struct doctor *d, struct finding *f)
{
	if (!no_qemu(d, f))
		doctor_found(f, DOCTOR_SKIP,
			     "not probed: 49152 to 49215, unless qemu.conf says otherwise");
}

static const struct doctor_check checks[] = {
	{ "libvirt", check_libvirt },
	{ "qemu", check_qemu },
	{ "monitor-events", check_monitor_events },
	{ "postcopy-with-parallel", check_postcopy_parallel },
	{ "dirty-rate-of-tcg", check_dirtyrate_tcg },
	{ "precopy-of-tcg", check_precopy_tcg },
	{ "tcg-guests", check_tcg_guests },
	{ "dirty-tracking", check_tracking },
	{ "migration-ports", check_ports },
};

const struct doctor_check *doctor_virt_check(size_t i)
{
	return i < MT_ARRAY_SIZE(checks) ? &checks[i] : NULL;
}
