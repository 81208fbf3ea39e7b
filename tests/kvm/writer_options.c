// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * writer_options.c - the command line of kvmwriter
 */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "writer.h"

#define EXIT_USAGE	2
#define FIRST_SLOT	10

const char *const writer_modes[] = {
	[VM_RING] = "ring",
	[VM_BITMAP] = "bitmap",
	[VM_BITMAP_MANUAL] = "manual",
	[VM_BITMAP_INITIALLY_SET] = "initially-set",
	NULL
};

const char *const writer_fulls[] = {
	[VM_FULL_HARVEST] = "harvest",
	[VM_FULL_STOP_WORLD] = "stop-world",
	[VM_FULL_WAIT] = "wait",
	[VM_FULL_RETRY] = "retry",
	NULL
};

const char *const writer_patterns[] = {
	[WRITER_UNIFORM] = "uniform",
	[WRITER_ZIPF] = "zipf",
	[WRITER_SEQUENTIAL] = "sequential",
	NULL
};

static void usage(FILE *to)
{
	fputs("usage: kvmwriter [OPTION...]\n"
	      "A KVM machine that writes its pages, with dirty logging.\n"
	      "  --mode M         ring (default), bitmap, manual, initially-set\n"
	      "  --vcpus N        1 to 16 (1)\n"
	      "  --ring N         entries of a ring (4096)\n"
	      "  --pages N        written by each vCPU, in a slot of its own (16384)\n"
	      "  --shared         one slot that all vCPUs write\n"
	      "  --pattern P      uniform (default), zipf, sequential\n"
	      "  --exponent S     of zipf (1.1)\n"
	      "  --rate R         pages/s, of all vCPUs together; 0: as fast as can be (10000)\n"
	      "  --duration S     seconds (10)\n"
	      "  --reap MS        harvest each so many milliseconds; 0: never but at the end (1000)\n"
	      "  --full F         at a full ring: harvest (default), stop-world, wait, retry\n"
	      "  --seed N         (1)\n"
	      "  --huge           guest memory in huge pages\n"
	      "  --hold           wait for a line on stdin after each of the two objects\n",
	      to);
}

static void usage_exit(const char *option, const char *value)
{
	fprintf(stderr, "kvmwriter: --%s %s: no such value\n", option, value);
	exit(EXIT_USAGE);
}

static unsigned int parse_name(const char *option, const char *value, const char *const *names)
{
	for (unsigned int i = 0; names[i]; i++)
		if (!strcmp(value, names[i]))
			return i;
	usage_exit(option, value);
	return 0;
}

static double parse_number(const char *option, const char *value, double max)
{
	char *end;
	double x;

	errno = 0;
	x = strtod(value, &end);
	if (errno || end == value || *end || !(x >= 0 && x <= max))
		usage_exit(option, value);
	return x;
}

static uint64_t parse_count(const char *option, const char *value, double min, double max)
{
	double x = parse_number(option, value, max);

	if (x != floor(x) || x < min)
		usage_exit(option, value);
	return x;
}

void writer_options_parse(struct writer_options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "mode", 1, NULL, 'm' }, { "vcpus", 1, NULL, 'v' }, { "ring", 1, NULL, 'r' },
		{ "pages", 1, NULL, 'p' }, { "shared", 0, NULL, 's' }, { "pattern", 1, NULL, 'P' },
		{ "exponent", 1, NULL, 'e' }, { "rate", 1, NULL, 'R' },
		{ "duration", 1, NULL, 'd' },
		{ "reap", 1, NULL, 'i' }, { "full", 1, NULL, 'f' }, { "seed", 1, NULL, 'S' },
		{ "huge", 0, NULL, 'H' }, { "hold", 0, NULL, 'w' }, { "help", 0, NULL, 'h' },
		{ NULL }
	};
	int c, at = 0;

	*o = (struct writer_options){
		.vm = { .mode = VM_RING, .vcpus = 1, .ring_entries = 4096 },
		.pages = 16384, .exponent = 1.1, .rate = 10000, .duration_s = 10, .seed = 1,
		.reap_ms = 1000,
	};
	while ((c = getopt_long(argc, argv, "", longs, &at)) != -1) {
		const char *name = longs[at].name;

		switch (c) {
		case 'm': o->vm.mode = parse_name(name, optarg, writer_modes); break;
		case 'v': o->vm.vcpus = parse_count(name, optarg, 1, VM_VCPUS_MAX); break;
		case 'r': o->vm.ring_entries = parse_count(name, optarg, 1, 65536); break;
		case 'p': o->pages = parse_count(name, optarg, 1, 1 << 24); break;
		case 's': o->slots = 1; break;
		case 'P': o->pattern = parse_name(name, optarg, writer_patterns); break;
		case 'e': o->exponent = parse_number(name, optarg, 10); break;
		case 'R': o->rate = parse_number(name, optarg, 1e9); break;
		case 'd': o->duration_s = parse_number(name, optarg, 1e6); break;
		case 'i': o->reap_ms = parse_count(name, optarg, 0, 1e6); break;
		case 'f': o->vm.full = parse_name(name, optarg, writer_fulls); break;
		case 'S': o->seed = parse_count(name, optarg, 0, 1e15); break;
		case 'H': o->huge = true; break;
		case 'w': o->hold = true; break;
		case 'h': usage(stdout); exit(0);
		default: usage(stderr); exit(EXIT_USAGE);
		}
	}
	if (optind < argc) {
		usage(stderr);
		exit(EXIT_USAGE);
	}
	if (!o->slots)
		o->slots = o->vm.vcpus;
	for (unsigned int i = 0; i < o->slots; i++)
		o->vm.slot[i] = (struct vm_slot_params){
			.id = FIRST_SLOT + 7 * i, .pages = o->pages, .logging = true,
			.huge = o->huge,
		};
}
