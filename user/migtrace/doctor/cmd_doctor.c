// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cmd_doctor.c - what works on this host and what is missing, each with the remedy
 */
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>

#include "cli/cmd.h"
#include "cli/options.h"
#include "migtrace/commands.h"
#include "doctor.h"

#define COLUMNS_DEFAULT	100	/* of what is no terminal */
#define COLUMNS_MIN	60
#define INDENT		34	/* where what was found begins */

static const struct {
	const char *name, *colour;
} results[DOCTOR_RESULT_COUNT] = {
	[DOCTOR_OK] = { "ok", "\033[32m" },
	[DOCTOR_WARN] = { "warn", "\033[33m" },
	[DOCTOR_MISSING] = { "missing", "\033[31m" },
	[DOCTOR_UNKNOWN] = { "unknown", "\033[35m" },
	[DOCTOR_SKIP] = { "skip", "\033[2m" },
};

void doctor_found(struct finding *f, enum doctor_result result, const char *fmt, ...)
{
	va_list ap;

	f->result = result;
	va_start(ap, fmt);
	vsnprintf(f->found, sizeof(f->found), fmt, ap);
	va_end(ap);
}

void doctor_remedy(struct finding *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f->remedy, sizeof(f->remedy), fmt, ap);
	va_end(ap);
}

/* --- text --------------------------------------------------------------- */
struct page {
	int columns;
	bool colour;
};

static void page_init(struct page *p)
{
	struct winsize w;
	bool tty = isatty(STDOUT_FILENO);
	const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");

	p->columns = COLUMNS_DEFAULT;
	if (tty && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) && w.ws_col)
		p->columns = w.ws_col < COLUMNS_MIN ? COLUMNS_MIN : w.ws_col;
	p->colour = tty && !(no_colour && *no_colour) && term && strcmp(term, "dumb");
}

/* Word by word, further lines indented; the cursor stands at INDENT. */
static void print_wrapped(const struct page *p, const char *text)
{
	int room = p->columns - INDENT - 1, used = 0;

	while (*text) {
		int len = (int)strcspn(text, " ");

		if (used && used + 1 + len > room) {
			printf("\n%*s", INDENT, "");
			used = 0;
		}
		used += printf("%s%.*s", used ? " " : "", len, text);
		text += len;
		text += strspn(text, " ");
	}
	putchar('\n');
}

static void print_finding(const struct page *p, const char *name, const struct finding *f)
{
	printf("%s%-8s%s %-*s", p->colour ? results[f->result].colour : "", results[f->result].name,
	       p->colour ? "\033[0m" : "", INDENT - 9, name);
	print_wrapped(p, f->found);
	if (*f->remedy) {
		printf("%*s", INDENT, "-> ");
		print_wrapped(p, f->remedy);
	}
}

static void print_sum(const unsigned *counts)
{
	putchar('\n');
	if (counts[DOCTOR_MISSING])
		printf("%u missing, ", counts[DOCTOR_MISSING]);
	else
		printf("Nothing needed is missing: ");
	printf("%u ok, %u warning%s, %u unknown, %u skipped.\n", counts[DOCTOR_OK],
	       counts[DOCTOR_WARN], counts[DOCTOR_WARN] == 1 ? "" : "s", counts[DOCTOR_UNKNOWN],
	       counts[DOCTOR_SKIP]);
}

/* --- the whole ----------------------------------------------------------- */
struct printer {
	enum mt_format format;
	struct page page;
	struct mt_table *table;		/* not for text */
	unsigned counts[DOCTOR_RESULT_COUNT];
};

static int print_row(struct printer *p, const char *name, const struct finding *f)
{
	const struct mt_cell cells[] = {
		MT_STR(name), MT_STR(results[f->result].name), MT_STR(f->found),
		MT_STR(*f->remedy ? f->remedy : NULL),
	};

	p->counts[f->result]++;
	if (p->table)
		return mt_table_row(p->table, cells);
	print_finding(&p->page, name, f);
	return 0;
}

static int run_checks(const struct doctor *d, struct printer *p,
		      const struct doctor_check *(*at)(size_t))
{
	const struct doctor_check *check;

	for (size_t i = 0; (check = at(i)); i++) {
		struct finding f = { .result = DOCTOR_UNKNOWN, .found = "was not looked at" };
		int rc;

		check->run(d, &f);
		rc = print_row(p, check->name, &f);
		if (rc)
			return rc;
		fflush(stdout);
	}
	return 0;
}

static void doctor_init(struct doctor *d, const char *uri)
{
	virConnectPtr virt = NULL;

	memset(d, 0, sizeof(*d));
	d->uri = uri;
	d->local = mt_versions_uri_is_local(uri);
	if (mt_loop_start(&d->conn_err) || mt_conn_open(&d->conn, uri, &d->conn_err)) {
		d->conn = NULL;
		return;
	}
	d->local = mt_versions_uri_is_local(mt_conn_uri(d->conn));
	mt_versions_get(&d->versions, d->conn);
	virt = mt_conn_get(d->conn);
	if (virt) {
		const char *type = virConnectGetType(virt);

		d->qemu = type && !strcmp(type, "QEMU");
		virConnectClose(virt);
	}
	if (mt_domain_list(d->conn, true, &d->domains, &d->n_domains, &d->domains_err))
		d->domains = NULL;
}

static int run(const char *uri, enum mt_format format)
{
	static const struct mt_column columns[] = {
		{ "check", "CHECK" }, { "result", "RESULT" }, { "found", "FOUND" },
		{ "remedy", "REMEDY" },
	};
	struct printer p = { .format = format };
	struct doctor d;
	int rc;

	doctor_init(&d, uri);
	if (format == MT_FORMAT_TEXT) {
		page_init(&p.page);
	} else {
		p.table = mt_table_new(stdout, format, columns, MT_ARRAY_SIZE(columns));
		if (!p.table) {
			cmd_warn("out of memory");
			return CMD_FAILED;
		}
	}
	rc = run_checks(&d, &p, doctor_host_check);
	if (!rc)
		rc = run_checks(&d, &p, doctor_bpf_check);
	if (!rc)
		rc = run_checks(&d, &p, doctor_virt_check);
	if (p.table)
		mt_table_finish(p.table);	/* -EIO is of stdout, which main() reports */
	else
		print_sum(p.counts);
	free(d.domains);
	mt_conn_close(d.conn);
	if (rc)
		cmd_warn("cannot write the table: %s", strerror(-rc));
	return rc || p.counts[DOCTOR_MISSING] ? CMD_FAILED : CMD_OK;
}

int cmd_doctor(int argc, char **argv)
{
	struct common_options common = { 0 };
	const struct command_usage usage = {
		.name = "doctor",
		.synopsis = "",
		.description = "Looks at this host and at the libvirt it is asked to connect to, and says what works, what\n"
			       "is missing and how to fix it. Changes nothing. The exit status is 1 if something needed is\n"
			       "missing; warnings leave it 0.",
		.examples = "  migtrace doctor\n"
			    "  migtrace doctor -c qemu+ssh://host2/system -f json\n",
		.uses = OPTIONS_CONNECT | OPTIONS_FORMAT,
	};
	struct option_args args;
	int status = options_parse(&usage, argc, argv, &common, &args);

	return status == OPTIONS_RUN ? run(common.uri, common.format) : status;
}
