// SPDX-License-Identifier: GPL-2.0-or-later
/* Settings of one guest in its metadata: what is accepted, and what is said of what is not. */
#include <errno.h>
#include <string.h>

#include "steer/metadata.h"
#include "ktap.h"

static struct mt_rule_part part;
static struct mt_err err;

static int parse(const char *xml)
{
	err = (struct mt_err){ 0 };
	return mt_metadata_parse(xml, &part, &err);
}

static bool given(const char *name)
{
	const struct mt_key *key;

	for (size_t i = 0; (key = mt_rule_key_at(i)); i++)
		if (!strcmp(key->name, name))
			return part.given[i];
	return false;
}

static size_t n_given(void)
{
	size_t n = 0;

	for (size_t i = 0; mt_rule_key_at(i); i++)
		n += part.given[i];
	return n;
}

static void good(void)
{
	CHECK_INT(parse("<guest policy=\"timeout\" timeout=\"60s\" postcopy='yes'/>"), 0);
	CHECK_INT(n_given(), 3);
	CHECK(given("policy") && given("timeout") && given("postcopy"));
	CHECK_STR(part.rule.policy->name, "timeout");
	CHECK_INT(mt_params_get(&part.rule.limits.params, "timeout"), 60000);
	CHECK(part.rule.limits.postcopy_allowed);
}

static void as_libvirt_writes_it(void)
{
	static const char *const forms[] = {
		"<guest max_downtime=\"300ms\"/>",
		"<guest max_downtime=\"300ms\"></guest>",
		"\n<migtrace:guest xmlns:migtrace=\"urn:migtrace:guest:1\" max_downtime=\"300ms\"/>\n",
		"<guest\n\tmax_downtime = '300ms'\n>\n</guest >\n",
		"<m:guest xmlns='x' xmlns:m='y' max_downtime='300ms'></m:guest>",
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		CHECK_INT(parse(forms[i]), 0);
		CHECK_INT(n_given(), 1);
		CHECK_INT(part.rule.limits.max_downtime_ms, 300);
	}
	CHECK_INT(parse("<guest/>"), 0);
	CHECK_INT(n_given(), 0);
}

/* Each as the configuration would print it. */
static void every_key(void)
{
	const struct mt_key *key;
	char xml[256];

	for (size_t i = 0; (key = mt_rule_key_at(i)); i++) {
		char text[MT_KEY_TEXT_MAX];

		snprintf(xml, sizeof(xml), "<guest %s=\"%s\"/>", key->name, key->initial);
		CHECK_INT(parse(xml), 0);
		CHECK(n_given() == 1 && part.given[i]);
		CHECK_STR(mt_key_text(key, &part.rule, text), key->initial);
	}
}

static void bad(void)
{
	static const struct {
		const char *xml, *says;
	} rows[] = {
		{ "", "one empty element" },
		{ "guest", "one empty element" },
		{ "<guests/>", "one empty element" },
		{ "<guest", "one empty element" },
		{ "<guest/", "one empty element" },
		{ "<guest>", "one empty element" },
		{ "<guest/><guest/>", "one empty element" },
		{ "<guest></other>", "one empty element" },
		{ "<m:guest></guest>", "one empty element" },
		{ "<guest>observe</guest>", "one empty element" },
		{ "<guest><policy/></guest>", "one empty element" },
		{ "<!-- x --><guest/>", "one empty element" },
		{ "<guest policy/>", "one empty element" },
		{ "<guest policy=predict/>", "one empty element" },
		{ "<guest policy=\"predict/>", "one empty element" },
		{ "<guest policy=\"predict'/>", "one empty element" },
		{ "<guest policy=\"predict\"deadline=\"1s\"/>", "one empty element" },
		{ "<guest policy=\"&#112;redict\"/>", "one empty element" },
		{ "<guest =\"predict\"/>", "one empty element" },
		{ "<guest m\303\274de=\"act\"/>", "printable ASCII" },
		{ "<guest mode=\"act\033[2J\"/>", "printable ASCII" },
		{ "<guest polcy=\"predict\"/>", "unknown key 'polcy'; migtraced.conf(5)" },
		{ "<guest domains=\"*\"/>", "unknown key 'domains'" },
		{ "<guest policy=\"ouija\"/>", "policy = ouija: accepted is one of qemu, " },
		{ "<guest max_downtime=\"300\"/>", "accepted is a duration of 1ms to 2000s" },
		{ "<guest max_downtime=\"1h\"/>", "accepted is a duration of 1ms to 2000s" },
		{ "<guest postcopy=\"true\"/>", "accepted is yes or no" },
		{ "<guest passes=\"-1\"/>", "accepted is a number up to 1000" },
		{ "<guest mode=\"\"/>", "accepted is observe or act" },
		{ "<guest mode=\"act\" mode=\"act\"/>", "'mode' is given twice" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_INT(parse(rows[i].xml), -EINVAL);
		if (!strstr(err.msg, rows[i].says))
			printf("# %s: %s\n", rows[i].xml, err.msg);
		CHECK(strstr(err.msg, rows[i].says));
	}
}

static void size(void)
{
	static char xml[MT_METADATA_MAX + 2];
	static const char end[] = "policy=\"qemu\"/>";

	memset(xml, ' ', sizeof(xml));
	memcpy(xml, "<guest", strlen("<guest"));
	strcpy(xml + MT_METADATA_MAX - strlen(end), end);
	CHECK_INT(parse(xml), 0);
	CHECK_INT(n_given(), 1);
	xml[MT_METADATA_MAX] = ' ';
	xml[MT_METADATA_MAX + 1] = '\0';
	CHECK_INT(parse(xml), -EINVAL);
	CHECK(strstr(err.msg, "more than 4096 bytes"));
}

static void taken(void)
{
	struct mt_rule rule = { .limits = MT_LIMITS_UNSET, .poll_ms = 77 };
	char text[256];

	rule.policy = mt_policy_find("qemu");
	CHECK_INT(parse("<guest deadline=\"none\" policy=\"passes\" passes=\"3\"/>"), 0);
	mt_rule_take(&rule, &part);
	CHECK_STR(rule.policy->name, "passes");
	CHECK_INT(rule.limits.deadline_ms, MT_LIMIT_NONE);
	CHECK_INT(mt_params_get(&rule.limits.params, "passes"), 3);
	CHECK_INT(rule.poll_ms, 77);
	CHECK(rule.limits.max_downtime_ms == MT_LIMIT_UNSET);
	CHECK_STR(mt_rule_part_text(&part, text, sizeof(text)),
		  "policy passes, deadline none, passes 3");
}

/* libvirt's test driver keeps metadata; what it gives back is what we have to understand. */
static void from_libvirt(void)
{
	static const char uuid[] = "6695eb01-f6a4-8304-79aa-97f2502e193f";
	struct mt_conn *c = NULL;
	virConnectPtr virt;
	virDomainPtr dom;

	err = (struct mt_err){ 0 };
	CHECK_INT(mt_conn_open(&c, "test:///default", &err), 0);
	if (!c)
		return;
	CHECK_INT(mt_metadata_read(c, uuid, &part, &err), -ENODATA);
	virt = mt_conn_get(c);
	dom = virDomainLookupByUUIDString(virt, uuid);
	CHECK_INT(virDomainSetMetadata(dom, VIR_DOMAIN_METADATA_ELEMENT,
				       "<guest policy='timeout' timeout='60s'/>", "migtrace",
				       MT_METADATA_URI, 0), 0);
	CHECK_INT(mt_metadata_read(c, uuid, &part, &err), 0);
	CHECK_INT(n_given(), 2);
	CHECK_STR(part.rule.policy->name, "timeout");
	virDomainFree(dom);
	virConnectClose(virt);
	mt_conn_close(c);
}

static const struct ktap_case cases[] = {
	{ "one element, its attributes are keys", good },
	{ "as libvirt writes it", as_libvirt_writes_it },
	{ "every key with its default", every_key },
	{ "each thing that can be wrong", bad },
	{ "more text than is accepted is refused", size },
	{ "what is given prevails, the rest stays", taken },
	{ "it is read from where libvirt keeps it", from_libvirt },
};

KTAP_MAIN(cases)
