// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * virt_domain.c - one guest as libvirt tells of it
 *
 * Threads: any but the loop's, since each call waits for libvirtd. Nothing is kept.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libvirt/virterror.h>

#include "domain.h"
#include "virt_lookup.h"

/* --- identity --------------------------------------------------------- */
/*
 * The value of @attribute in the first @element of libvirt's XML, which quotes by ' and
 * escapes < in all text: no text can look like an element.
 */
static bool xml_attribute(const char *xml, const char *element, const char *attribute, char *value,
			  size_t size)
{
	const char *p = strstr(xml, element), *end, *v, *v_end;

	if (!p || !(end = strchr(p, '>')))
		return false;
	v = strstr(p, attribute);
	if (!v || v >= end)
		return false;
	v += strlen(attribute);
	v_end = strchr(v, '\'');
	if (!v_end || v_end >= end || (size_t)(v_end - v) >= size)
		return false;
	memcpy(value, v, (size_t)(v_end - v));
	value[v_end - v] = '\0';
	return true;
}

static void fill_from_xml(struct mt_domain_info *info, virDomainPtr dom)
{
	mt_autofree char *xml = virDomainGetXMLDesc(dom, 0);
	char value[32];

	if (!xml)
		return;
	info->host_device = strstr(xml, "<hostdev ") || strstr(xml, "<interface type='hostdev'");
	if (xml_attribute(xml, "<domain ", " type='", value, sizeof(info->type)))
		strcpy(info->type, value);
	if (xml_attribute(xml, "<dirty-ring ", " state='", value, sizeof(value)) &&
	    !strcmp(value, "on") &&
	    xml_attribute(xml, "<dirty-ring ", " size='", value, sizeof(value)))
		info->dirty_ring_entries = strtoull(value, NULL, 10);
}

bool mt_domain_clears_chunks(const struct mt_domain_info *info)
{
	return !strcmp(info->type, "kvm") && !info->dirty_ring_entries;
}

static void fill_migration(struct mt_domain_info *info, virDomainPtr dom)
{
	virTypedParameterPtr params = NULL;
	struct mt_sample s;
	int type, n = 0;

	/* The destination: paused until the guest arrives, or running on what has arrived. */
	if ((info->state == VIR_DOMAIN_PAUSED && info->reason == VIR_DOMAIN_PAUSED_MIGRATION) ||
	    (info->state == VIR_DOMAIN_RUNNING &&
	     (info->reason == VIR_DOMAIN_RUNNING_POSTCOPY ||
	      info->reason == VIR_DOMAIN_RUNNING_POSTCOPY_FAILED)))
		info->migrating_in = true;
	if (virDomainGetJobStats(dom, &type, &params, &n, 0) < 0)
		return;		/* on the destination libvirt refuses to tell */
	mt_sample_from_params(&s, type, params, n);
	virTypedParamsFree(params, n);
	info->migrating_out = mt_status_is_under_way(s.status);
	if (info->migrating_out)
		info->migrating_in = false;
}

/* Return: 0, or libvirt's error: gone meanwhile, for one. */
static int fill(struct mt_domain_info *info, virDomainPtr dom, struct mt_err *err)
{
	const char *name = virDomainGetName(dom);
	virDomainInfo i;

	memset(info, 0, sizeof(*info));
	info->name_cut = mt_domain_name_copy(info->name, name);
	if (virDomainGetUUIDString(dom, info->uuid) < 0 ||
	    virDomainGetInfo(dom, &i) < 0 ||
	    virDomainGetState(dom, &info->state, &info->reason, 0) < 0)
		return mt_virt_error(err, "cannot ask for the domain's state");
	info->memory_bytes = (uint64_t)i.maxMem * 1024;
	info->vcpus = i.nrVirtCpu;
	info->cpu_time_ns = i.cpuTime;
	info->persistent = virDomainIsPersistent(dom) == 1;
	fill_from_xml(info, dom);
	if (info->state != VIR_DOMAIN_SHUTOFF)
		fill_migration(info, dom);
	return 0;
}

int virt_domain_find(struct mt_conn *c, const char *name, struct mt_domain_info *info,
		     struct mt_err *err)
{
	mt_autodomain virDomainPtr dom = NULL;
	int ret = mt_lookup_any(c, name, &dom, err);

	return ret ? ret : fill(info, dom, err);
}

int virt_domain_info(struct mt_conn *c, const char *uuid, struct mt_domain_info *info,
		     struct mt_err *err)
{
	mt_autodomain virDomainPtr dom = NULL;
	int ret = mt_lookup_uuid(c, uuid, &dom, err);

	return ret ? ret : fill(info, dom, err);
}

/* From libvirtd's memory: no guest is asked, so that none can make us wait. */
int virt_domain_names(struct mt_conn *c, struct mt_domain_name **list, size_t *n,
		      struct mt_err *err)
{
	mt_autovirt virConnectPtr virt = NULL;
	virDomainPtr *doms = NULL;
	int found, ret = mt_lookup_conn(c, &virt, err);

	if (ret)
		return ret;
	found = virConnectListAllDomains(virt, &doms, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
	if (found < 0)
		return mt_virt_error(err, "cannot list the domains");
	*list = calloc((size_t)found + 1, sizeof(**list));
	*n = 0;
	if (!*list)
		ret = mt_err_set(err, -ENOMEM, "out of memory");
	for (int i = 0; i < found; i++) {
		if (!ret && !virDomainGetUUIDString(doms[i], (*list)[*n].uuid)) {
			(*list)[*n].name_cut =
				mt_domain_name_copy((*list)[*n].name, virDomainGetName(doms[i]));
			++*n;
		}
		virDomainFree(doms[i]);
	}
	free(doms);
	return ret;
}

int virt_domain_state(struct mt_conn *c, const char *uuid, struct mt_domain_state *state,
		      struct mt_err *err)
{
	mt_autodomain virDomainPtr dom = NULL;
	int ret = mt_lookup_uuid(c, uuid, &dom, err);
	virDomainInfo info;

	*state = (struct mt_domain_state){ 0 };
	if (ret)
		return ret;
	if (virDomainGetState(dom, &state->state, &state->reason, 0) < 0)
		return mt_virt_error(err, "cannot ask for the guest's state");
	if (virDomainGetInfo(dom, &info) >= 0)
		state->cpu_time_ns = info.cpuTime;
	return 0;
}

int virt_domain_suspend(struct mt_conn *c, const char *uuid, struct mt_err *err)
{
	mt_autodomain virDomainPtr dom = NULL;
	int ret = mt_lookup_uuid(c, uuid, &dom, err);

	if (!ret && virDomainSuspend(dom) < 0)
		ret = mt_virt_error(err, "cannot pause the guest");
	return ret;
}

int virt_domain_resume(struct mt_conn *c, const char *uuid, struct mt_err *err)
{
	mt_autodomain virDomainPtr dom = NULL;
	int ret = mt_lookup_uuid(c, uuid, &dom, err);

	if (!ret && virDomainResume(dom) < 0)
		ret = mt_virt_error(err, "cannot resume the guest");
	return ret;
}

int virt_domain_metadata(struct mt_conn *c, const char *uuid, const char *uri, char **xml,
			 struct mt_err *err)
{
	mt_autodomain virDomainPtr dom = NULL;
	int ret = mt_lookup_uuid(c, uuid, &dom, err);

	if (ret)
		return ret;
	*xml = virDomainGetMetadata(dom, VIR_DOMAIN_METADATA_ELEMENT, uri, 0);
	return *xml ? 0 : mt_virt_error(err, "cannot ask for the guest's metadata");
}

int virt_domain_list(struct mt_conn *c, bool running, struct mt_domain_info **list, size_t *n,
		     struct mt_err *err)
{
	mt_autovirt virConnectPtr virt = NULL;
	virDomainPtr *doms = NULL;
	int found, ret = mt_lookup_conn(c, &virt, err);

	if (ret)
		return ret;
	found = virConnectListAllDomains(virt, &doms,
					 running ? VIR_CONNECT_LIST_DOMAINS_ACTIVE : 0);
	if (found < 0)
		return mt_virt_error(err, "cannot list the domains");
	*list = calloc((size_t)found + 1, sizeof(**list));
	*n = 0;
	if (!*list)
		ret = mt_err_set(err, -ENOMEM, "out of memory");
	for (int i = 0; i < found; i++) {
		/* One that went away since is none. */
		if (!ret && !fill(&(*list)[*n], doms[i], NULL))
			++*n;
		virDomainFree(doms[i]);
	}
	free(doms);
	return ret;
}
