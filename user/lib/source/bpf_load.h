/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpf_load.h - what all BPF probes do alike: loading, attaching, and saying why not
 */
#ifndef MIGTRACE_SOURCE_BPF_LOAD_H
#define MIGTRACE_SOURCE_BPF_LOAD_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

struct bpf_link;
struct bpf_map;
struct bpf_object_skeleton;
struct bpf_program;

/* Whether BPF can work here at all: BTF, the right to use it. The remedy is in @err. */
MT_MUST_CHECK int mt_bpf_usable(struct mt_err *err);

/* Takes libbpf's messages, of which the last one says why something fails. */
void mt_bpf_quiet(void);

/* @what cannot be had, by the negative errno @rc and by what libbpf said. Return: @rc. */
int mt_bpf_fail(struct mt_err *err, int rc, const char *what);

/* Attach one program as its section says. The link is closed with bpf_link__destroy(). */
MT_MUST_CHECK int mt_bpf_attach(struct bpf_program *prog, struct bpf_link **link,
				struct mt_err *err);

/* Run a raw_tp program once, here and now, with up to 4 arguments. Return: its value, or -errno. */
MT_MUST_CHECK int mt_bpf_run(struct bpf_program *prog, const uint64_t *args, size_t n);

/*
 * Let user space have made the map of a global variable, @bytes long and zero; the variable
 * is then at @at instead of in the skeleton. Before loading.
 */
MT_MUST_CHECK int mt_bpf_size_map(struct bpf_object_skeleton *skel, struct bpf_map *map,
				  size_t bytes, void **at, struct mt_err *err);

/*
 * Before the skeleton is destroyed, also when sizing or loading failed. @bytes: what the
 * variable has there. If it fails the skeleton must not be destroyed, and leaks.
 */
MT_MUST_CHECK int mt_bpf_unsize_map(struct bpf_map *map, size_t bytes);

#endif
