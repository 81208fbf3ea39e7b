// SPDX-License-Identifier: GPL-2.0-or-later
/* The daemon's configuration: what is accepted, and which line is blamed for what is not. */
#include <errno.h>
#include <unistd.h>

#include "migtraced/config.h"
#include "policy/engine.h"
#include "ktap.h"

#define UUID	"6f1c1c5e-5d0b-4a43-9a5c-3f7d1b0a2c44"

static char path[] = "/tmp/test_config.XXXXXX";
static char errors[16384];		/* one a line, without the file's name */
static unsigned n_errors;

static void on_error(const char *line, void *opaque)
{
	size_t used = strlen(errors);

	if (!strncmp(line, path, strlen(path)))
		line += strlen(path) + 1;
	snprintf(errors + used, sizeof(errors) - used, "%s\n", line);
	n_errors++;
}

static int load_file(struct config **c, const char *file, bool must_exist)
{
	errors[0] = '\0';
	n_errors = 0;
	*c = NULL;
	return config_load(c, file, must_exist ? CONFIG_MUST_EXIST : 0, on_error, NULL);
}

static int load_bytes(struct config **c, const char *text, size_t len)
{
	FILE *f = fopen(path, "w");

	if (!f || fwrite(text, 1, len, f) != len || fclose(f))
		abort();
	return load_file(c, path, true);
}

static int load(struct config **c, const char *text)
{
	return load_bytes(c, text, strlen(text));
}

static char *printed(const struct config *c)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	config_print(c, f);
	fclose(f);
	return text;
}

/* --- good ------------------------------------------------------------- */

static void defaults(void)
{
	struct config *c;
	struct mt_rule g;

	CHECK_INT(load_file(&c, "/nonexistent/migtraced.conf", false), 0);
	CHECK(!c->path);
	CHECK_STR(c->uri, "qemu:///system");
	CHECK_STR(c->directory, "/var/lib/migtrace");
	CHECK_STR(c->socket, "/run/migtrace/control.sock");
	CHECK_INT(c->socket_mode, 0660);
	CHECK_INT(c->group.gid, (gid_t)-1);
	CHECK_INT(c->destinations.n, 0);
	CHECK(c->destinations.items);
	CHECK(!c->destinations.items[0]);
	CHECK(config_wants(c, "anything/at all", UUID));
	config_for_domain(c, "x", UUID, &g);
	CHECK_INT(g.mode, MT_MODE_OBSERVE);
	CHECK_STR(g.policy->name, MT_POLICY_DEFAULT);
	CHECK_INT(g.limits.max_downtime_ms, MT_MAX_DOWNTIME_DEFAULT_MS);
	CHECK_INT(mt_params_get(&g.limits.params, "timeout"), 30000);
	CHECK(g.limits.fixed_ms == MT_LIMIT_UNSET);
	CHECK_INT(g.limits.deadline_ms, MT_LIMIT_NONE);
	CHECK_INT(g.limits.stall_timeout_ms, MT_LIMIT_NONE);
	CHECK(!g.limits.postcopy_allowed);
	config_put(c);
}

static void every_key(void)
{
	struct config *c;

	CHECK_INT(load(&c, "\xef\xbb\xbf# a comment\r\n"
		       "[libvirt]\r\nuri = qemu+tls://host/system?no_verify=1\r\n"
		       "; another\n"
		       "[ supervise ]\n"
		       "mode=act ; really\npolicy : timeout\nmax_downtime = 1.5s\ndeadline = 10min\ntimeout = none\nstall_timeout = 2min\n"
		       "postcopy = yes\nfixed = 0ms\npoll = 100ms\n"
		       "domains = web-* db?\n\n\t# between\n  mail\n"
		       "[verify]\ndestinations =\n  qemu+tcp://a/system\n  qemu+ssh://b/system ; spare\n"
		       "[record]\ndirectory =\nkeep = 0\nquota = none\nkeep_free = 1500MiB\n"
		       "[control]\nsocket = /run/x.sock\ngroup = 0\nmode = 0600"), 0);
	CHECK_STR(c->path, path);
	CHECK_STR(c->uri, "qemu+tls://host/system?no_verify=1");
	CHECK_INT(c->guest.mode, MT_MODE_ACT);
	CHECK_STR(c->guest.policy->name, "timeout");
	CHECK_INT(c->guest.limits.max_downtime_ms, 1500);
	CHECK_INT(c->guest.limits.deadline_ms, 600000);
	CHECK_INT(mt_params_get(&c->guest.limits.params, "timeout"), MT_LIMIT_NONE);
	CHECK_INT(c->guest.limits.stall_timeout_ms, 120000);
	CHECK(c->guest.limits.postcopy_allowed);
	CHECK_INT(c->guest.limits.fixed_ms, 0);
	CHECK_INT(c->guest.poll_ms, 100);
	CHECK_INT(c->domains.n, 3);
	CHECK_STR(c->domains.items[2], "mail");
	CHECK_INT(c->destinations.n, 2);
	CHECK_STR(c->destinations.items[1], "qemu+ssh://b/system");
	CHECK_STR(c->directory, "");
	CHECK_INT(c->keep, 0);
	CHECK(!c->quota_bytes && c->keep_free_bytes == 1500ULL << 20);
	CHECK_INT(c->group.gid, 0);
	CHECK_INT(c->socket_mode, 0600);
	config_put(c);
}

static void domains_and_overrides(void)
{
	struct config *c;
	struct mt_rule g;

	CHECK_INT(load(&c, "[domain db-*]\nmode = act\nmax_downtime = 200ms\n"
		       "[supervise]\ndomains = web* db-*\npostcopy = yes\n"
		       "[domain db-1]\nmax_downtime = 100ms\npostcopy = no\n"), 0);
	CHECK(config_wants(c, "web", UUID));
	CHECK(config_wants(c, "db-1", UUID));
	CHECK(!config_wants(c, "mail", UUID));
	CHECK(!config_wants(c, "my-web", UUID));
	config_for_domain(c, "web", UUID, &g);
	CHECK_INT(g.mode, MT_MODE_OBSERVE);
	CHECK_INT(g.limits.max_downtime_ms, 500);
	CHECK(g.limits.postcopy_allowed);
	config_for_domain(c, "db-2", UUID, &g);
	CHECK_INT(g.mode, MT_MODE_ACT);
	CHECK_INT(g.limits.max_downtime_ms, 200);
	CHECK(g.limits.postcopy_allowed);
	config_for_domain(c, "db-1", UUID, &g);
	CHECK_INT(g.mode, MT_MODE_ACT);
	CHECK_INT(g.limits.max_downtime_ms, 100);
	CHECK(!g.limits.postcopy_allowed);
	config_put(c);
}

/* What is printed is accepted, and means the same. */
static void print_round_trip(void)
{
	struct config *c;
	char *once, *twice;

	CHECK_INT(load(&c, "[supervise]\nmode = act\nmax_downtime = 1234ms\ndeadline = 2h\ntimeout = none\n"
		       "domains = a b c\n"
		       "[verify]\ndestinations = qemu+tcp://a-long-name.of.some.example/system\n"
		       " qemu+tcp://a-long-name.of.another.example/system qemu+tcp://a-long-name.of.a.third.example/system\n"
		       " qemu+tcp://a-long-name.of.a.fourth.example/system\n"
		       "[control]\ngroup = 0\n[domain x y]\npoll = 1s\n[domain z]\n"), 0);
	once = printed(c);
	config_put(c);
	CHECK_INT(load(&c, once), 0);
	CHECK_INT(c->destinations.n, 4);
	CHECK_INT(c->n_overrides, 2);
	CHECK_STR(c->overrides[0].glob, "x y");
	CHECK_INT(c->guest.limits.deadline_ms, 7200000);
	twice = printed(c);
	config_put(c);
	CHECK_STR(twice, once);
	free(once);
	free(twice);
}

/* Every key stands in the example with its default, so that it may be trusted as a list. */
static void example_is_the_defaults(void)
{
	struct config *example, *builtin;
	char *a, *b, *save = NULL;
	unsigned keys = 0, given = 0;
	char file[512];

	snprintf(file, sizeof(file), "%s/migtraced.conf", getenv("B") ? getenv("B") : "build");
	CHECK_INT(load_file(&example, file, true), 0);
	CHECK_INT(load_file(&builtin, "/nonexistent/migtraced.conf", false), 0);
	for (size_t i = 0; i < CONFIG_KEYS_MAX; i++)
		given += example->given[i] != 0;
	a = printed(example);
	b = printed(builtin);
	config_put(example);
	config_put(builtin);
	CHECK_STR(a, b);
	for (char *line = strtok_r(b, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		keys += strstr(line, " =") != NULL;
	CHECK_INT(given, keys);
	free(a);
	free(b);
}

/* --- bad -------------------------------------------------------------- */

static const struct {
	const char *text;
	const char *error;	/* how the only error begins */
} bad[] = {
	{ "uri = x:y\n", "1: 'uri' is outside of any section" },
	{ "[nope]\nx = 1\ny = 2\n", "1: unknown section [nope]; accepted are [libvirt]" },
	{ "\n[Supervise]\n", "2: unknown section [Supervise]" },
	{ "[domain]\nmode = act\n",
	  "1: unknown section [domain]; accepted are [libvirt], [supervise], [domain NAME]" },
	{ "[supervise\nmode = act\n", "1: '[' without ']'" },
	{ "[supervise] x\n", "1: text after" },
	{ "[supervise]\n[libvirt]\n[supervise]\nmode = bad\n",
	  "3: section [supervise] was already in line 1" },
	{ "[domain a]\n[domain a]\n", "2: section [domain a] was already in line 1" },
	{ "[supervise]\ncolour = blue\n",
	  "2: unknown key 'colour' in [supervise]; accepted are mode, policy, max_downtime" },
	{ "[libvirt]\nmode = act\n", "2: unknown key 'mode' in [libvirt]; accepted are uri" },
	{ "[domain a]\ndomains = *\n",
	  "2: unknown key 'domains' in [domain a]; accepted are mode" },
	{ "[domain a]\nuri = x:y\n", "2: unknown key 'uri' in [domain a]" },
	{ "[supervise]\nMode = act\n", "2: unknown key 'Mode'" },
	{ "[supervise]\nmode\n", "2: neither [section] nor key = value" },
	{ "[supervise]\nmode = act\nmode = act\n", "3: 'mode' was already given in line 2" },
	{ "[supervise]\nmode =\n", "2: mode = : accepted is observe or act" },
	{ "[supervise]\nmode = Act\n", "2: mode = Act: accepted is observe or act" },
	{ "[supervise]\npolicy = best\n", "2: policy = best: accepted is one of " },
	{ "[supervise]\nmax_downtime = 300\n",
	  "2: max_downtime = 300: accepted is a duration of 1ms to 2000s" },
	{ "[supervise]\nmax_downtime = 0ms\n",
	  "2: max_downtime = 0ms: accepted is a duration of 1ms to 2000s" },
	{ "[supervise]\nmax_downtime = 1h\n", "2: max_downtime = 1h: accepted is" },
	{ "[supervise]\nmax_downtime = none\n", "2: max_downtime = none: accepted is" },
	{ "[supervise]\nmax_downtime = -1s\n", "2: max_downtime = -1s: accepted is" },
	{ "[supervise]\ndeadline = 0s\n",
	  "2: deadline = 0s: accepted is a duration of 1ms to 168h, or none" },
	{ "[supervise]\npoll = 1ms\n", "2: poll = 1ms: accepted is a duration of 10ms to 10s" },
	{ "[supervise]\npostcopy = true\n", "2: postcopy = true: accepted is yes or no" },
	{ "[supervise]\nmode = act\n  policy = qemu\n",
	  "3: an indented line continues the key before it, and 'mode'" },
	{ "[supervise]\ndomains = *\n  policy = qemu\n",
	  "3: domains = policy = qemu: accepted is names or shell patterns" },
	{ "[libvirt]\nuri = here\n", "2: uri = here: accepted is a libvirt URI" },
	{ "[libvirt]\nuri =\n", "2: uri = : accepted is a libvirt URI" },
	{ "[verify]\ndestinations = qemu+tcp://a/system b\n",
	  "2: destinations = qemu+tcp://a/system b: accepted is libvirt URIs" },
	{ "[verify]\ndestinations =\n a:b\n c\n", "4: destinations = c: accepted is libvirt URIs" },
	{ "[record]\ndirectory = here\n", "2: directory = here: accepted is an absolute path" },
	{ "[record]\nhistory = history.db\n",
	  "2: history = history.db: accepted is default, none, an absolute path, or postgresql://" },
	{ "[record]\nhistory = mysql://h/d\n", "2: history = mysql://h/d: accepted is default" },
	{ "[record]\nhistory = postgresql://h:port/d?x=y\n", "2: history = postgresql://h:port" },
	{ "[record]\nhistory = postgresql://u:pw@h/d\n", "2: history = postgresql://u:pw@h/d: " },
	{ "[record]\nhistory_keep = all\n", "2: history_keep = all: accepted is a number" },
	{ "[record]\nkeep = 1k\n", "2: keep = 1k: accepted is a number" },
	{ "[record]\nquota = 5\n", "2: quota = 5: accepted is a size of 1MiB to 1024TiB, or none" },
	{ "[record]\nquota = 1KiB\n", "2: quota = 1KiB: accepted is a size" },
	{ "[record]\nquota = 0B\n", "2: quota = 0B: accepted is a size" },
	{ "[record]\nkeep_free = lots\n",
	  "2: keep_free = lots: accepted is a size up to 1024TiB, or none" },
	{ "[record]\nkeep = -1\n", "2: keep = -1: accepted is a number" },
	{ "[record]\nkeep = 1000001\n", "2: keep = 1000001: accepted is a number up to 1000000" },
	{ "[control]\nsocket = x\n", "2: socket = x: accepted is an absolute path" },
	{ "[control]\nmode = 8\n", "2: mode = 8: accepted is an octal mode" },
	{ "[control]\nmode = 1777\n", "2: mode = 1777: accepted is an octal mode" },
	{ "[control]\nmode =\n", "2: mode = : accepted is an octal mode" },
	{ "[supervise]\ndomains = uuid:\n",
	  "2: domains = uuid:: accepted is names or shell patterns" },
	{ "[supervise]\ndomains = a uuid:web\n", "2: domains = a uuid:web: accepted is names" },
	{ "[supervise]\ndomains = uuid:web-*\n", "2: domains = uuid:web-*: accepted is names" },
	{ "[domain uuid:6f1c1c5e]\nmode = act\n",
	  "1: section [domain uuid:6f1c1c5e]: '6f1c1c5e' is no UUID" },
	{ "[supervise]\npasses = 1001\n",
	  "2: passes = 1001: accepted is a number up to 1000, or default" },
	{ "[supervise]\nstall_margin = 101%\n",
	  "2: stall_margin = 101%: accepted is a percentage of 0% to 100%" },
	{ "[supervise]\nstall_margin = 4%%\n",
	  "2: stall_margin = 4%%: accepted is a percentage of 0% to 100%" },
	{ "[supervise]\ntimeout_action = pause\n",
	  "2: timeout_action = pause: accepted is abort or force-complete" },
	{ "[supervise]\nothers = argue\n", "2: others = argue: accepted is back-off or observe" },
	{ "[supervise]\nmax_stopped = 0\n",
	  "2: max_stopped = 0: accepted is a number of 1 to 1000" },
	{ "[supervise]\nmax_stopped = 1001\n",
	  "2: max_stopped = 1001: accepted is a number of 1 to 1000" },
	{ "[domain a]\nmax_stopped = 3\n", "2: unknown key 'max_stopped' in [domain a]" },
	{ "[supervise]\ndecision_max_age = 99ms\n",
	  "2: decision_max_age = 99ms: accepted is a duration of 100ms to 60s" },
	{ "[control]\nhands = run\n", "2: hands = run: accepted is an absolute path" },
	{ "[control]\ngroup = no-such-group-here\n",
	  "2: group = no-such-group-here: accepted is the name or number" },
};

static void each_bad_line(void)
{
	struct config *c;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int ret = load(&c, bad[i].text);

		if (ret != -EINVAL || c || n_errors != 1 ||
		    strncmp(errors, bad[i].error, strlen(bad[i].error))) {
			printf("# %s# gave %d and: %s# expected: %s\n", bad[i].text, ret, errors,
			       bad[i].error);
			ktap_failed = true;
		}
	}
}

static void all_errors_are_told(void)
{
	struct config *c;

	CHECK_INT(
		load(&c, "[supervise]\nmode = a\npolicy = b\nc = d\ne\n[f]\n[control]\nmode = g\n"),
		-EINVAL);
	CHECK_INT(n_errors, 6);
	CHECK(strstr(errors, "2: mode = a"));
	CHECK(strstr(errors, "3: policy = b"));
	CHECK(strstr(errors, "4: unknown key 'c'"));
	CHECK(strstr(errors, "5: neither"));
	CHECK(strstr(errors, "6: unknown section [f]"));
	CHECK(strstr(errors, "8: mode = g"));
}

static void lines_too_long(void)
{
	char text[600];
	struct config *c;
	int at = snprintf(text, sizeof(text), "[verify]\ndestinations = qemu+tcp://");

	memset(text + at, 'a', 300);
	strcpy(text + at + 300, "/system\nx = 1\n");
	CHECK_INT(load(&c, text), -EINVAL);
	CHECK_INT(n_errors, 2);
	CHECK(!strncmp(errors, "2: longer than 197 bytes", 24));
	CHECK(strstr(errors, "3: unknown key 'x' in [verify]"));

	at = snprintf(text, sizeof(text), "[control]\nsocket = /");
	memset(text + at, 'a', 107);
	strcpy(text + at + 107, "\n");
	CHECK_INT(load(&c, text), -EINVAL);
	CHECK(strstr(errors, "at most 107 bytes"));
	text[at + 106] = '\n';
	text[at + 107] = '\0';
	CHECK_INT(load(&c, text), 0);
	config_put(c);

	/* 197 is the longest that inih hands on whole. */
	at = snprintf(text, sizeof(text), "[libvirt]\nuri = x:");
	memset(text + at, 'a', 197 - strlen("uri = x:"));
	text[10 + 197] = '\0';
	CHECK_INT(load(&c, text), 0);
	CHECK_INT(strlen(c->uri), 197 - strlen("uri = "));
	config_put(c);
}

/*
 * As long as libvirt's names are: 63 bytes of two guests may be the same, and the rest tells them
 * apart.
 */
static void long_names(void)
{
	static const char common[] =
		"customer-17-production-postgresql-primary-replica-set-0000000000000000000000-";
	char text[2048], exempt[256], acting[256], too_long[300];
	struct mt_rule g;
	struct config *c;
	char *again;

	snprintf(exempt, sizeof(exempt), "%s0123456789", common);
	snprintf(acting, sizeof(acting), "%s9876543210", common);
	CHECK(strlen(exempt) > 80);
	snprintf(
		text, sizeof(text),
		"[supervise]\nmode = act\ndomains = x\n %s*\n[domain *-0123456789]\nmode = observe\n",
		common);
	CHECK_INT(load(&c, text), 0);
	CHECK(config_wants(c, exempt, UUID));
	config_for_domain(c, exempt, UUID, &g);
	CHECK_INT(g.mode, MT_MODE_OBSERVE);
	config_for_domain(c, acting, UUID, &g);
	CHECK_INT(g.mode, MT_MODE_ACT);
	/* Nobody knows which rules are meant for a guest whose name is not whole. */
	CHECK(config_wants(c, NULL, UUID));
	config_for_domain(c, NULL, UUID, &g);
	CHECK_INT(g.mode, MT_MODE_OBSERVE);
	config_put(c);

	/*
	 * The longest name can be written out, in both places, and is printed so that it is read
	 * again.
	 */
	memset(exempt, 'a', 255);
	exempt[255] = '\0';
	memcpy(acting, exempt, 256);
	acting[254] = 'b';
	snprintf(text, sizeof(text),
		 "[supervise]\nmode = act\ndomains =\n %s\n[domain %s]\nmode = observe\n", exempt,
		 exempt);
	CHECK_INT(load(&c, text), 0);
	again = printed(c);
	config_put(c);
	CHECK_INT(load(&c, again), 0);
	free(again);
	CHECK_STR(errors, "");
	CHECK(config_wants(c, exempt, UUID));
	CHECK(!config_wants(c, acting, UUID));
	config_for_domain(c, exempt, UUID, &g);
	CHECK_INT(g.mode, MT_MODE_OBSERVE);
	config_for_domain(c, acting, UUID, &g);
	CHECK_INT(g.mode, MT_MODE_ACT);
	config_put(c);

	/*
	 * A section that is too long is told, and what is in it is no longer the section's before
	 * it.
	 */
	memset(too_long, 'a', sizeof(too_long));
	snprintf(text, sizeof(text),
		 "[supervise]\n[domain %.299s%.299s%.299s%.299s]\nmode = act\n domains = y\n",
		 too_long, too_long, too_long, too_long);
	CHECK_INT(load(&c, text), -EINVAL);
	CHECK_INT(n_errors, 1);
	CHECK_STR(errors, "2: longer than 1024 bytes\n");
}

/* By UUID, and by name, and never by the one what was said of the other. */
static void by_uuid(void)
{
	static const char other[] = "11111111-2222-3333-4444-555555555555";
	struct mt_rule g;
	struct config *c;
	char *again;

	CHECK_INT(
		load(&c,
		     "[supervise]\nmode = act\ndomains = web uuid:6F1C1C5E-* uuid:1111111[12]-*\n"
		     "[domain uuid:" UUID
		     "]\nmode = observe\n[domain uuid:11111111-*]\npoll = 1s\n[domain db[0-9]]\npoll = 2s\n"),
		0);
	CHECK_STR(errors, "");
	CHECK(config_wants(c, "web", other) && config_wants(c, "anything", UUID) &&
	      config_wants(c, "anything", other));
	CHECK(!config_wants(c, "anything", "22222222-2222-3333-4444-555555555555"));
	/* Called as the UUID of one that is wanted, or exempted, or as the rule itself. */
	CHECK(!config_wants(c, UUID, "22222222-2222-3333-4444-555555555555"));
	CHECK(!config_wants(c, "uuid:" UUID, "22222222-2222-3333-4444-555555555555"));
	config_for_domain(c, UUID, other, &g);
	CHECK_INT(g.mode, MT_MODE_ACT);
	CHECK_INT(g.poll_ms, 1000);
	config_for_domain(c, "uuid:" UUID, other, &g);
	CHECK_INT(g.mode, MT_MODE_ACT);
	config_for_domain(c, other, UUID, &g);
	CHECK_INT(g.mode, MT_MODE_OBSERVE);
	CHECK_INT(g.poll_ms, 250);
	config_for_domain(c, "db7", other, &g);
	CHECK_INT(g.poll_ms, 2000);
	/* A name that is not whole: what is said by UUID holds, but to act it may not. */
	CHECK(config_wants(c, NULL, "22222222-2222-3333-4444-555555555555"));
	config_for_domain(c, NULL, other, &g);
	CHECK_INT(g.mode, MT_MODE_OBSERVE);
	CHECK_INT(g.poll_ms, 1000);
	again = printed(c);
	config_put(c);
	CHECK_INT(load(&c, again), 0);
	free(again);
	config_for_domain(c, "web", UUID, &g);
	CHECK_INT(g.mode, MT_MODE_OBSERVE);
	config_put(c);
	/*
	 * Nor does a pattern of names match a UUID, though it could: it is meant for who is called
	 * so.
	 */
	CHECK_INT(load(&c, "[supervise]\nmode = act\ndomains = 6f1c*\n[domain " UUID
			   "]\nmode = observe\n"),
		  0);
	CHECK(!config_wants(c, "web", UUID) && config_wants(c, "6f1c-web", other));
	config_for_domain(c, "web", UUID, &g);
	CHECK_INT(g.mode, MT_MODE_ACT);
	config_for_domain(c, UUID, other, &g);
	CHECK_INT(g.mode, MT_MODE_OBSERVE);
	config_put(c);
	/* Where nobody is named, a name that nobody knows matches nothing either. */
	CHECK_INT(load(&c, "[supervise]\ndomains = uuid:" UUID "\n"), 0);
	CHECK(!config_wants(c, NULL, other) && config_wants(c, NULL, UUID));
	config_put(c);
}

/* --- limits ----------------------------------------------------------- */

/*
 * Each value at an edge of what is accepted: written, printed, read again, and what the engine and
 * the policy then go by.
 * @printed NULL: as written.
 */
static void limits_round_trip(void)
{
#define AT(field)	offsetof(struct mt_limits, field)
#define PARAM		SIZE_MAX	/* where its name says */
	static const struct {
		const char *key, *text, *printed;
		size_t offset;
		uint64_t used;
	} edges[] = {
		{ "max_downtime", "1ms", NULL, AT(max_downtime_ms), 1 },
		{ "max_downtime", "2000s", NULL, AT(max_downtime_ms), 2000000 },
		{ "deadline", "1ms", NULL, AT(deadline_ms), 1 },
		{ "deadline", "168h", "604800s", AT(deadline_ms), 604800000 },
		{ "deadline", "none", NULL, AT(deadline_ms), MT_LIMIT_NONE },
		{ "timeout", "1ms", NULL, PARAM, 1 },
		{ "timeout", "168h", "604800s", PARAM, 604800000 },
		{ "timeout", "none", NULL, PARAM, MT_LIMIT_NONE },
		{ "passes", "0", NULL, PARAM, 0 },
		{ "passes", "1", NULL, PARAM, 1 },
		{ "passes", "1000", NULL, PARAM, 1000 },
		{ "passes", "default", NULL, PARAM, MT_LIMIT_UNSET },
		{ "stall_margin", "0%", NULL, PARAM, 0 },
		{ "stall_margin", "100", "100%", PARAM, 100 },
		{ "timeout_action", "abort", NULL, PARAM, 0 },
		{ "timeout_action", "force-complete", NULL, PARAM, 1 },
		{ "downtime_steps", "default", NULL, PARAM, MT_LIMIT_UNSET },
		{ "fixed", "0ms", NULL, AT(fixed_ms), 0 },
		{ "fixed", "60s", NULL, AT(fixed_ms), 60000 },
		{ "fixed", "default", NULL, AT(fixed_ms), MT_FIXED_DEFAULT_MS },
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(edges); i++) {
		for (int in_section = 0; in_section < 2; in_section++) {
			char text[256], line[64];
			struct mt_rule g;
			struct mt_engine e;
			struct config *c;
			char *again;
			const char *used;

			snprintf(text, sizeof(text), "[supervise]\npostcopy = yes\n%s%s = %s\n",
				 in_section ? "[domain g]\n" : "", edges[i].key, edges[i].text);
			CHECK_INT(load(&c, text), 0);
			again = printed(c);
			config_put(c);
			snprintf(line, sizeof(line), "\n%s = %s\n", edges[i].key,
				 edges[i].printed ? edges[i].printed : edges[i].text);
			CHECK(strstr(again, line));
			CHECK_INT(load(&c, again), 0);
			free(again);
			config_for_domain(c, "g", UUID, &g);
			mt_engine_init(&e, g.policy, &g.limits);
			used = edges[i].offset == PARAM ?
				       (char *)mt_params_value(&e.limits.params, edges[i].key) :
				       (char *)&e.limits + edges[i].offset;
			CHECK(*(const uint64_t *)(const void *)used == edges[i].used);
			config_put(c);
		}
	}
#undef AT
#undef PARAM
}

/*
 * What a policy does at @now_ms, a finished pass with 1 MiB left behind it, under limits that came
 * through the file.
 */
static enum mt_action decided(const char *text, uint64_t now_ms, bool first_pass_done,
			      double *stop_now_ms)
{
	struct mt_sample s = { .status = MT_STATUS_ACTIVE, .t_ns = 1 };
	struct mt_rule g;
	static struct mt_engine e;
	struct config *c;
	struct mt_plan plan;
	char *again;

	if (load(&c, text))
		return MT_ACTION_COUNT;
	again = printed(c);
	config_put(c);
	if (load(&c, again))
		return MT_ACTION_COUNT;
	free(again);
	config_for_domain(c, "g", UUID, &g);
	config_put(c);
	mt_engine_init(&e, g.policy, &g.limits);
	mt_sample_set(&s, memory_bytes, 1 << 30);
	mt_sample_set(&s, page_size_bytes, 4096);
	for (unsigned i = 1; i <= (first_pass_done ? 3 : 1); i++) {
		s.t_ns += 1000000000;
		mt_sample_set(&s, iteration, i);
		mt_sample_set(&s, total_ms, i * 10);
		mt_sample_set(&s, remaining_bytes, i == 1 ? 1 << 30 : 100 << 20);
		mt_sample_set(&s, transferred_bytes, (uint64_t)i * (100 << 20));
		mt_sample_set(&s, dirty_pages_per_s, 25600);
		mt_sample_set(&s, bandwidth_bytes_per_s, 100 << 20);
		s.boundary = i > 1;
		s.sync_t_ns = s.t_ns;
		mt_engine_feed(&e, &s, &plan);
	}
	mt_sample_set(&s, total_ms, now_ms);
	s.boundary = false;
	s.t_ns += 1;
	mt_policy_init(&e.state);
	memset(e.asked_t_ns, 0, sizeof(e.asked_t_ns));
	mt_engine_feed(&e, &s, &plan);
	if (stop_now_ms)
		*stop_now_ms = e.prediction.stop_now_ms;
	return plan.action;
}

static void limits_do_what_they_say(void)
{
	const uint64_t week = 7 * 86400 * 1000ULL;
	double with = 0, without = 0;

	CHECK_INT(
		decided("[supervise]\npolicy = timeout\ntimeout = none\n", 1000 * week, true, NULL),
		MT_ACTION_CONTINUE);
	CHECK_INT(decided("[supervise]\npolicy = timeout\ntimeout = 1ms\n", 1, true, NULL),
		  MT_ACTION_STOP);
	CHECK_INT(decided("[supervise]\npolicy = timeout\ntimeout = 168h\n", week - 1, true, NULL),
		  MT_ACTION_CONTINUE);
	CHECK_INT(decided("[supervise]\npolicy = timeout\ntimeout = 168h\n", week, true, NULL),
		  MT_ACTION_STOP);
	CHECK_INT(decided("[supervise]\npolicy = timeout\n", 30000, true, NULL), MT_ACTION_STOP);
	CHECK_INT(decided("[supervise]\ndeadline = none\n", 1000 * week, false, NULL),
		  MT_ACTION_CONTINUE);
	CHECK_INT(decided("[supervise]\ndeadline = 1ms\n", 1, false, NULL), MT_ACTION_ABORT);
	CHECK_INT(decided("[supervise]\npolicy = passes\npasses = 0\npostcopy = yes\n", 0, false,
			  NULL),
		  MT_ACTION_FLIP);
	CHECK_INT(decided("[supervise]\npolicy = passes\npostcopy = yes\n", 0, false, NULL),
		  MT_ACTION_CONTINUE);
	CHECK_INT(decided("[supervise]\npolicy = passes\npostcopy = yes\n", 0, true, NULL),
		  MT_ACTION_FLIP);
	CHECK_INT(decided("[supervise]\npolicy = passes\npasses = 1000\npostcopy = yes\n", 0, true,
			  NULL),
		  MT_ACTION_CONTINUE);
	CHECK_INT(decided("[supervise]\npolicy = fixed-passes\npasses = 2\n", 0, true, NULL),
		  MT_ACTION_STOP);
	CHECK_INT(decided("[supervise]\npolicy = fixed-passes\npasses = default\n", 0, true, NULL),
		  MT_ACTION_CONTINUE);
	/* Of a pause, fixed is just so much. */
	decided("[supervise]\nfixed = 60s\n", 10, true, &with);
	decided("[supervise]\nfixed = 0ms\n", 10, true, &without);
	CHECK(without > 0);
	CHECK_NEAR(with - without, 60000, 0.001);
}

static const struct {
	const char *text, *warnings;
} contradictions[] = {
	{ "[supervise]\nmax_downtime = 121ms\n", "" },
	{ "[supervise]\nmax_downtime = 120ms\n",
	  "[supervise]: max_downtime 120 ms is not more than fixed 120 ms" },
	{ "[supervise]\nmax_downtime = 50ms\nfixed = 49ms\n", "" },
	{ "[supervise]\nmax_downtime = 50ms\npolicy = qemu\n", "" },
	{ "[supervise]\n[domain a*]\nfixed = 1s\n",
	  "2: [domain a*]: max_downtime 500 ms is not more than fixed 1.0 s" },
	{ "[supervise]\npolicy = stop-and-copy\n",
	  "[supervise]: policy stop-and-copy does not heed max_downtime 500 ms" },
	{ "[supervise]\npolicy = ihm\npostcopy = yes\n",
	  "[supervise]: policy ihm does not heed max_downtime" },
	{ "[supervise]\npolicy = timeout\ntimeout = 30min\ndeadline = 10min\n",
	  "[supervise]: policy timeout does not heed max_downtime 500 ms" },
	{ "[supervise]\npolicy = timeout\ntimeout = 30min\ndeadline = 10min\n",
	  "acts after its timeout of 30 min 00 s, beyond the deadline of 10 min 00 s" },
	{ "[supervise]\npolicy = timeout\ntimeout = none\n",
	  "policy timeout without a timeout never acts" },
	{ "[supervise]\npolicy = qemu\ndeadline = 1h\n",
	  "policy qemu does not heed the deadline of" },
	{ "[supervise]\ndeadline = 500ms\n",
	  "the deadline of 500 ms for the whole migration is not more than max_downtime" },
	{ "[supervise]\ndeadline = 501ms\n", "" },
	/* Said once of [supervise], and not again of each section that has it from there. */
	{ "[supervise]\npolicy = fm\n[domain a]\npoll = 1s\n",
	  "[supervise]: policy fm does not heed max_downtime" },
};

static void contradictions_are_told(void)
{
	for (size_t i = 0; i < MT_ARRAY_SIZE(contradictions); i++) {
		struct config *c;

		CHECK_INT(load(&c, contradictions[i].text), 0);
		config_warnings(c, on_error, NULL);
		if (*contradictions[i].warnings ? !strstr(errors, contradictions[i].warnings) :
						  n_errors)
			printf("# %s# %s", contradictions[i].text, errors);
		CHECK(*contradictions[i].warnings ?
			      strstr(errors, contradictions[i].warnings) != NULL :
			      !n_errors);
		CHECK(n_errors <= 2 && !strstr(errors, "[domain a]"));
		config_put(c);
	}
	/* Nothing can come of this one. */
	{
		struct config *c;

		CHECK_INT(load(&c, "[supervise]\npolicy = passes\npasses = 0\n"), -EINVAL);
		CHECK(strstr(errors, "[supervise]: policy passes as it is set flips to post-copy before a pass is done"));
		CHECK_INT(load(&c, "[supervise]\npasses = 0\n[domain a]\npolicy = passes\n"),
			  -EINVAL);
		CHECK(strstr(errors, "3: [domain a]: policy passes as it is set"));
	}
}

/* --- reload ----------------------------------------------------------- */

static void what_takes_a_restart_stays(void)
{
	struct config *old, *new;

	CHECK_INT(
		load(&old,
		     "[libvirt]\nuri = a:b\n[record]\ndirectory = /a\n[control]\nsocket = /s\ngroup = 7\nmode = 0600\n"),
		0);
	CHECK_INT(load(&new, "[libvirt]\nuri = a:c\n[supervise]\nmode = act\n[record]\ndirectory = /b\nkeep = 3\n"
		       "[control]\nsocket = /t\ngroup = 8\nmode = 0660\n"), 0);
	CHECK_INT(config_keep(new, old, on_error, NULL), 0);
	CHECK_INT(n_errors, 5);
	CHECK(strstr(errors, "[record] directory has changed: a restart is needed for that"));
	CHECK_STR(new->uri, "a:b");
	CHECK_STR(new->directory, "/a");
	CHECK_STR(new->socket, "/s");
	CHECK_STR(new->group.name, "7");
	CHECK_INT(new->group.gid, 7);
	CHECK_INT(new->socket_mode, 0600);
	CHECK_INT(new->keep, 3);
	CHECK_INT(new->guest.mode, MT_MODE_ACT);
	n_errors = 0;
	CHECK_INT(config_keep(new, old, on_error, NULL), 0);
	CHECK_INT(n_errors, 0);
	config_put(new);
	config_put(old);
}

/* A name of a group is looked up by whoever may wait for the answer. */
static void groups_are_not_looked_up(void)
{
	struct config *c;

	CHECK_INT(load(&c, "[control]\ngroup = no-such-group-here\n"), -EINVAL);
	CHECK_INT(config_load(&c, path, CONFIG_MUST_EXIST | CONFIG_NO_LOOKUP, on_error, NULL), 0);
	CHECK_STR(c->group.name, "no-such-group-here");
	CHECK_INT(c->group.gid, (gid_t)-1);
	config_put(c);
}

static void odd_bytes(void)
{
	static const char nul[] = "[supervise]\nmode = act\0x\n";
	struct config *c;

	CHECK_INT(load_bytes(&c, nul, sizeof(nul) - 1), -EINVAL);
	CHECK_STR(errors, "2: a NUL byte\n");
	CHECK_INT(load(&c, "[supervise]\nm\033[2Jode = \001\n"), -EINVAL);
	CHECK(!strchr(errors, '\033') && !strchr(errors, '\001'));
	CHECK_INT(load(&c, ""), 0);
	config_put(c);
}

static void missing_and_unreadable(void)
{
	struct config *c;

	CHECK_INT(load_file(&c, "/nonexistent/migtraced.conf", true), -ENOENT);
	CHECK_STR(errors, "/nonexistent/migtraced.conf: cannot be read: No such file or directory\n");
	CHECK(load_file(&c, "/", false));
	CHECK(!strncmp(errors, "/: cannot be read: ", 19));
}

/* --- reload ----------------------------------------------------------- */

/* A thread that began under the old configuration keeps it, whatever comes after. */
static void reload_keeps_what_is_in_use(void)
{
	struct config *old, *new, *user;

	CHECK_INT(load(&old, "[supervise]\nmax_downtime = 100ms\n[domain a]\nmode = act\n"), 0);
	user = config_get(old);
	CHECK_INT(load(&new, "[supervise]\nmax_downtime = nonsense\n"), -EINVAL);
	CHECK(!new);
	CHECK_INT(old->guest.limits.max_downtime_ms, 100);
	CHECK_INT(load(&new, "[supervise]\nmax_downtime = 200ms\n"), 0);
	config_put(old);
	CHECK_INT(user->guest.limits.max_downtime_ms, 100);
	CHECK_INT(user->n_overrides, 1);
	CHECK_INT(new->guest.limits.max_downtime_ms, 200);
	config_put(user);
	config_put(new);
}

/* What of the configuration says whether, when and how gently it acts. */
static void how_it_acts(void)
{
	struct mt_rule g;
	struct config *c;

	CHECK_INT(load(&c, ""), 0);
	CHECK(!config_acts(c));
	CHECK_INT(c->max_stopped, MT_GUARD_MAX_STOPPED);
	CHECK_STR(c->hands, "");
	config_for_domain(c, "a", UUID, &g);
	CHECK_INT(g.decision_max_age_ms, MT_AGE_LIMIT_DEFAULT_MS);
	CHECK_INT(g.others, MT_OTHERS_BACK_OFF);
	config_put(c);
	CHECK_INT(
		load(&c,
		     "[supervise]\nmode = act\nmax_stopped = 5\n[domain *]\nmode = observe\n[control]\nhands = /x\n"),
		0);
	CHECK(config_acts(c));
	CHECK_INT(c->max_stopped, 5);
	CHECK_STR(c->hands, "/x");
	config_put(c);
	CHECK_INT(
		load(&c,
		     "[domain a]\nothers = observe\ndecision_max_age = 300ms\n[domain b]\nmode = act\n"),
		0);
	CHECK(config_acts(c));
	config_for_domain(c, "a", UUID, &g);
	CHECK_INT(g.others, MT_OTHERS_OBSERVE);
	CHECK_INT(g.decision_max_age_ms, 300);
	CHECK_INT(g.mode, MT_MODE_OBSERVE);
	config_for_domain(c, "b", UUID, &g);
	CHECK_INT(g.others, MT_OTHERS_BACK_OFF);
	CHECK_INT(g.mode, MT_MODE_ACT);
	config_put(c);
}

static const struct ktap_case cases[] = {
	{ "without a file the defaults hold", defaults },
	{ "whether it acts, how late, and beside whom", how_it_acts },
	{ "every key, comments, blanks, CRLF, a BOM, continued lists", every_key },
	{ "domains and [domain] sections", domains_and_overrides },
	{ "what is printed is accepted and means the same", print_round_trip },
	{ "the example is the defaults, and lists every key", example_is_the_defaults },
	{ "each kind of bad line, with its number", each_bad_line },
	{ "all errors are told, not the first only", all_errors_are_told },
	{ "lines and paths that are too long", lines_too_long },
	{ "names of guests of up to 255 bytes count in full", long_names },
	{ "guests are named by UUID as well as by name", by_uuid },
	{ "each limit at its edges: written, printed, read, and in the engine", limits_round_trip },
	{ "and what the policies make of it", limits_do_what_they_say },
	{ "limits that contradict each other are told", contradictions_are_told },
	{ "a reload leaves what takes a restart, and says so", what_takes_a_restart_stays },
	{ "names of groups are looked up only by whoever may wait", groups_are_not_looked_up },
	{ "NUL bytes and control characters", odd_bytes },
	{ "files that are missing or cannot be read", missing_and_unreadable },
	{ "a reload keeps what is in use", reload_keeps_what_is_in_use },
};

int main(void)
{
	int fd = mkstemp(path), status;

	if (fd < 0) {
		puts("Bail out! no temporary file");
		return 1;
	}
	close(fd);
	status = ktap_main(cases, sizeof(cases) / sizeof(cases[0]));
	unlink(path);
	return status;
}
