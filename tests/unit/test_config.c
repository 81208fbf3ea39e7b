// SPDX-License-Identifier: GPL-2.0-or-later
/* The daemon's configuration: what is accepted, and which line is blamed for what is not. */
#include <errno.h>
#include <unistd.h>

#include "ktap.h"

#include "../../user/migtraced/config.h"

#define EXAMPLE	"user/migtraced/migtraced.conf"

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
	return config_load(c, file, must_exist, on_error, NULL);
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
	struct config_guest g;

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
	CHECK(config_wants(c, "anything/at all"));
	config_for_domain(c, "x", &g);
	CHECK_INT(g.mode, CONFIG_OBSERVE);
	CHECK_STR(g.policy->name, MT_POLICY_DEFAULT);
	CHECK_INT(g.max_downtime_ms, MT_MAX_DOWNTIME_DEFAULT_MS);
	CHECK_INT(g.timeout_ms, MT_TIMEOUT_DEFAULT_MS);
	CHECK_INT(g.fixed_ms, MT_FIXED_DEFAULT_MS);
	CHECK_INT(g.deadline_ms, 0);
	CHECK_INT(g.stall_timeout_ms, 0);
	CHECK(!g.postcopy);
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
		       "[record]\ndirectory =\nkeep = 0\n"
		       "[control]\nsocket = /run/x.sock\ngroup = 0\nmode = 0600"), 0);
	CHECK_STR(c->path, path);
	CHECK_STR(c->uri, "qemu+tls://host/system?no_verify=1");
	CHECK_INT(c->guest.mode, CONFIG_ACT);
	CHECK_STR(c->guest.policy->name, "timeout");
	CHECK_INT(c->guest.max_downtime_ms, 1500);
	CHECK_INT(c->guest.deadline_ms, 600000);
	CHECK_INT(c->guest.timeout_ms, 0);
	CHECK_INT(c->guest.stall_timeout_ms, 120000);
	CHECK(c->guest.postcopy);
	CHECK_INT(c->guest.fixed_ms, 0);
	CHECK_INT(c->guest.poll_ms, 100);
	CHECK_INT(c->domains.n, 3);
	CHECK_STR(c->domains.items[2], "mail");
	CHECK_INT(c->destinations.n, 2);
	CHECK_STR(c->destinations.items[1], "qemu+ssh://b/system");
	CHECK_STR(c->directory, "");
	CHECK_INT(c->keep, 0);
	CHECK_INT(c->group.gid, 0);
	CHECK_INT(c->socket_mode, 0600);
	config_put(c);
}

static void domains_and_overrides(void)
{
	struct config *c;
	struct config_guest g;

	CHECK_INT(load(&c, "[domain db-*]\nmode = act\nmax_downtime = 200ms\n"
		       "[supervise]\ndomains = web* db-*\npostcopy = yes\n"
		       "[domain db-1]\nmax_downtime = 100ms\npostcopy = no\n"), 0);
	CHECK(config_wants(c, "web"));
	CHECK(config_wants(c, "db-1"));
	CHECK(!config_wants(c, "mail"));
	CHECK(!config_wants(c, "my-web"));
	config_for_domain(c, "web", &g);
	CHECK_INT(g.mode, CONFIG_OBSERVE);
	CHECK_INT(g.max_downtime_ms, 500);
	CHECK(g.postcopy);
	config_for_domain(c, "db-2", &g);
	CHECK_INT(g.mode, CONFIG_ACT);
	CHECK_INT(g.max_downtime_ms, 200);
	CHECK(g.postcopy);
	config_for_domain(c, "db-1", &g);
	CHECK_INT(g.mode, CONFIG_ACT);
	CHECK_INT(g.max_downtime_ms, 100);
	CHECK(!g.postcopy);
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
	CHECK_INT(c->guest.deadline_ms, 7200000);
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

	CHECK_INT(load_file(&example, EXAMPLE, true), 0);
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
	{ "[domain]\nmode = act\n", "1: unknown section [domain]; accepted are [libvirt], [supervise], [domain NAME]" },
	{ "[supervise\nmode = act\n", "1: '[' without ']'" },
	{ "[supervise] x\n", "1: text after" },
	{ "[supervise]\n[libvirt]\n[supervise]\nmode = bad\n", "3: section [supervise] was already in line 1" },
	{ "[domain a]\n[domain a]\n", "2: section [domain a] was already in line 1" },
	{ "[supervise]\ncolour = blue\n", "2: unknown key 'colour' in [supervise]; accepted are mode, policy, max_downtime" },
	{ "[libvirt]\nmode = act\n", "2: unknown key 'mode' in [libvirt]; accepted are uri" },
	{ "[domain a]\ndomains = *\n", "2: unknown key 'domains' in [domain a]; accepted are mode" },
	{ "[domain a]\nuri = x:y\n", "2: unknown key 'uri' in [domain a]" },
	{ "[supervise]\nMode = act\n", "2: unknown key 'Mode'" },
	{ "[supervise]\nmode\n", "2: neither [section] nor key = value" },
	{ "[supervise]\nmode = act\nmode = act\n", "3: 'mode' was already given in line 2" },
	{ "[supervise]\nmode =\n", "2: mode = : accepted is observe or act" },
	{ "[supervise]\nmode = Act\n", "2: mode = Act: accepted is observe or act" },
	{ "[supervise]\npolicy = best\n", "2: policy = best: accepted is one of " },
	{ "[supervise]\nmax_downtime = 300\n", "2: max_downtime = 300: accepted is a duration of 1ms to 2000s" },
	{ "[supervise]\nmax_downtime = 0ms\n", "2: max_downtime = 0ms: accepted is a duration of 1ms to 2000s" },
	{ "[supervise]\nmax_downtime = 1h\n", "2: max_downtime = 1h: accepted is" },
	{ "[supervise]\nmax_downtime = none\n", "2: max_downtime = none: accepted is" },
	{ "[supervise]\nmax_downtime = -1s\n", "2: max_downtime = -1s: accepted is" },
	{ "[supervise]\ndeadline = 0s\n", "2: deadline = 0s: accepted is a duration of 1ms to 168h, or none" },
	{ "[supervise]\npoll = 1ms\n", "2: poll = 1ms: accepted is a duration of 10ms to 10s" },
	{ "[supervise]\npostcopy = true\n", "2: postcopy = true: accepted is yes or no" },
	{ "[supervise]\nmode = act\n  policy = qemu\n", "3: an indented line continues the key before it, and 'mode'" },
	{ "[supervise]\ndomains = *\n  policy = qemu\n", "3: domains = policy = qemu: accepted is names or shell patterns" },
	{ "[libvirt]\nuri = here\n", "2: uri = here: accepted is a libvirt URI" },
	{ "[libvirt]\nuri =\n", "2: uri = : accepted is a libvirt URI" },
	{ "[verify]\ndestinations = qemu+tcp://a/system b\n", "2: destinations = qemu+tcp://a/system b: accepted is libvirt URIs" },
	{ "[verify]\ndestinations =\n a:b\n c\n", "4: destinations = c: accepted is libvirt URIs" },
	{ "[record]\ndirectory = here\n", "2: directory = here: accepted is an absolute path" },
	{ "[record]\nkeep = 1k\n", "2: keep = 1k: accepted is a number" },
	{ "[record]\nkeep = -1\n", "2: keep = -1: accepted is a number" },
	{ "[record]\nkeep = 1000001\n", "2: keep = 1000001: accepted is a number up to 1000000" },
	{ "[control]\nsocket = x\n", "2: socket = x: accepted is an absolute path" },
	{ "[control]\nmode = 8\n", "2: mode = 8: accepted is an octal mode" },
	{ "[control]\nmode = 1777\n", "2: mode = 1777: accepted is an octal mode" },
	{ "[control]\nmode =\n", "2: mode = : accepted is an octal mode" },
	{ "[control]\ngroup = no-such-group-here\n", "2: group = no-such-group-here: accepted is the name or number" },
};

static void each_bad_line(void)
{
	struct config *c;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int ret = load(&c, bad[i].text);

		if (ret != -EINVAL || c || n_errors != 1 || strncmp(errors, bad[i].error, strlen(bad[i].error))) {
			printf("# %s# gave %d and: %s# expected: %s\n", bad[i].text, ret, errors, bad[i].error);
			ktap_failed = true;
		}
	}
}

static void all_errors_are_told(void)
{
	struct config *c;

	CHECK_INT(load(&c, "[supervise]\nmode = a\npolicy = b\nc = d\ne\n[f]\n[control]\nmode = g\n"), -EINVAL);
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
	CHECK_INT(old->guest.max_downtime_ms, 100);
	CHECK_INT(load(&new, "[supervise]\nmax_downtime = 200ms\n"), 0);
	config_put(old);
	CHECK_INT(user->guest.max_downtime_ms, 100);
	CHECK_INT(user->n_overrides, 1);
	CHECK_INT(new->guest.max_downtime_ms, 200);
	config_put(user);
	config_put(new);
}

static const struct ktap_case cases[] = {
	{ "no file: the defaults", defaults },
	{ "every key, comments, blanks, CRLF, a BOM, continued lists", every_key },
	{ "domains and [domain] sections", domains_and_overrides },
	{ "what is printed is accepted and means the same", print_round_trip },
	{ "the example is the defaults, and lists every key", example_is_the_defaults },
	{ "each kind of bad line, with its number", each_bad_line },
	{ "all errors are told, not the first only", all_errors_are_told },
	{ "lines and paths that are too long", lines_too_long },
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
