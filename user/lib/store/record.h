/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * record.h - a recording: what happened to one guest, in time order
 *
 * A zstd stream of JSON lines. The first line is the header and carries the
 * schema version; each further line is one entry with a "type". Every entry is
 * flushed as it is written, so a recording cut short by a crash is readable up
 * to its last whole entry. A recording grows under NAME.part and is renamed to
 * NAME when it is closed.
 *
 *   {"type":"header","schema":1,"domain":...,"uuid":...,...}
 *   {"type":"sample","t_ns":...,"status":"active","boundary":true,"total_ms":...,...}
 *   {"type":"decision","t_ns":...,"iteration":...,"action":"stop","reason":...,...}
 *   {"type":"event","t_ns":...,"event":"...","detail":"..."}
 *   {"type":"dirtyrate","t_ns":...,"window_ms":...,"bytes_per_s":...,"mode":"page-sampling"}
 *   {"type":"source","t_ns":...,"source":"kmod","mode":"ring","tick_ns":...}
 *   {"type":"tick","t_ns":...,"start_ns":...,"ticks":10,"pages":...,...}
 *   {"type":"pass","t_ns":...,"start_ns":...,"iteration":3,"pages":...,...}
 *   {"type":"curve","t_ns":...,"window_ms":100,"windows":9,"mean_pages":...,...}
 *   {"type":"pages","t_ns":...,"start_ns":...,"pages":"4096+511 3 1+7"}
 *   {"type":"vcpu","t_ns":...,"vcpu":0,"events":...,"duration_ns":...}
 *   {"type":"profile","t_ns":...,"s_pages":...,"mw_pages":...,...}
 *   {"type":"guest","t_ns":...,"memory_bytes":...,"nonzero_bytes":...,...}
 *   {"type":"work","t_ns":...,"start_ns":...,"run_ns":...,"net_sent_bytes":...,...}
 *   {"type":"outcome","t_ns":...,"outcome":"completed",...}
 *
 * A reader ignores keys and entry types that it does not know, takes a word that it does not
 * know for "unknown", and counts both; a header with a higher schema is refused. A key never
 * changes its meaning.
 *
 * A recording has bounds (MT_RECORDING_MAX_*), within which its writer keeps it: what is frequent
 * becomes rarer in a long one, and an event "thinned" says from where on. Whatever is longer, or
 * costs a reader more memory than it may, is read as far as that goes.
 */
#ifndef MT_RECORD_H
#define MT_RECORD_H

#include "base/cleanup.h"
#include "base/err.h"
#include "policy/engine.h"
#include "source/tick.h"
#include "source/workload.h"

#define MT_RECORD_SCHEMA	1
#define MT_RECORD_SUFFIX	".mtrec"

/* A sample every 250 ms for 17 hours, and so on with fewer and fewer. */
#define MT_RECORDING_MAX_ENTRIES	500000
/* Lines of entries that have strings, above all sets of pages. */
#define MT_RECORDING_MAX_TEXT_BYTES	(96ULL << 20)
/* What reading one may take unless told otherwise: a struct mt_entry has 0.6 KiB. */
#define MT_RECORDING_MEMORY_BYTES	(512ULL << 20)

/* Strings are owned by whoever fills the struct in; NULL = not known. */
struct mt_record_header {
	unsigned schema;		/* MT_RECORD_SCHEMA when written */
	const char *domain, *uuid;
	const char *domain_type;	/* "kvm", "qemu" */
	const char *source, *destination;	/* URIs */
	const char *tool;		/* "migtrace 0.1.0" */
	const char *qemu, *libvirt, *kernel;	/* versions */
	const char *policy;
	const char *mode;		/* "supervise", "observe", "profile" */
	uint64_t start_wall_ms;		/* Unix time at which t_ns was start_t_ns */
	uint64_t start_t_ns;
	struct mt_limits limits;
};

struct mt_record_decision {
	uint64_t t_ns;
	uint64_t iteration;
	uint64_t total_ms;
	struct mt_plan plan;
	struct mt_prediction prediction;
	const char *applied;		/* "done", "dry-run", "failed", "refused", "dropped" */
	const char *error;		/* with failed, refused and dropped */
	uint64_t latency_ns;		/* from learning of the boundary to libvirt's answer; 0 =
					 * none */
};

enum mt_outcome {
	MT_OUTCOME_UNKNOWN,		/* the connection, or we, went away: look yourself */
	MT_OUTCOME_COMPLETED,		/* the guest runs at the destination, and was seen there */
	MT_OUTCOME_COMPLETED_UNVERIFIED, /* libvirt says so; nobody looked at the destination */
	MT_OUTCOME_FAILED,		/* the guest goes on at the source, or was powered off
					 * there */
	MT_OUTCOME_ABORTED,		/* likewise, because a policy or a person cancelled */
	MT_OUTCOME_PAUSED,		/* the guest exists and does not run: needs a person */
	MT_OUTCOME_LOST,		/* the guest is on neither side */
	MT_OUTCOME_COUNT
};

struct mt_record_outcome {
	uint64_t t_ns;
	enum mt_outcome outcome;
	struct mt_sample final;		/* completed job's figures, as far as valid */
	const char *detail;		/* one sentence */
	const char *destination;	/* URI at which the guest was found; NULL: at none */
};

struct mt_record_dirtyrate {
	uint64_t t_ns;
	uint64_t window_ms;
	uint64_t bytes_per_s;
	const char *mode;		/* "page-sampling", "dirty-bitmap", "dirty-ring" */
};

/* Where what follows about dirty pages comes from. */
struct mt_record_source {
	uint64_t t_ns;
	const char *source;		/* "kmod", "bpf", "libvirt" */
	const char *mode;		/* "ring", "bitmap"; NULL: not a kernel source */
	uint64_t tick_ns;		/* shortest one; 0: likewise */
	const char *detail;		/* why no better one; NULL: it is the best */
};

/* What the kernel logged from one of QEMU's bitmap syncs to the next. */
struct mt_record_pass {
	uint64_t t_ns, start_ns;	/* the two syncs */
	uint64_t iteration;		/* pass n, as in samples while it was under way */
	double pages;			/* distinct; NaN: too much of it is not known */
	uint64_t events, overruns;
	uint64_t unread_events;		/* of ticks whose sets of pages could not be had */
};

/* One point of U(T): distinct pages dirtied in windows of one length, over all windows seen. */
struct mt_record_curve {
	uint64_t t_ns;
	double window_ms;
	uint64_t windows;
	double mean_pages, p10_pages, p50_pages, p90_pages;
};

/*
 * Pages that were logged from @start_ns to @t_ns, once each: KVM logs a page's first write after it
 * was last cleared. As text: runs of pages in order, each "SKIP" or "SKIP+MORE": so many pages
 * after the last one are not in it, the next one is, and MORE behind that. A large set takes
 * several entries.
 */
struct mt_record_pages {
	uint64_t t_ns, start_ns;
	bool begins;			/* at @start_ns all pages had just been cleared */
	const char *pages;
};

struct mt_record_vcpu {
	uint64_t t_ns;
	uint64_t vcpu;
	uint64_t events;		/* pages that it logged */
	uint64_t duration_ns;		/* in this time */
	uint64_t ring_used;		/* the most entries that its ring held; 0 = not known */
};

/* The figures of a profile; see struct mt_profile. Unknown doubles are NaN. */
struct mt_record_profile {
	uint64_t t_ns;
	uint64_t duration_ns;		/* for which logging was on */
	uint64_t windows, windows_left_out;
	double s_pages, s_new_pages_per_s, mw_pages;
	bool mw_lower_bound;
	uint64_t hot_seconds;
	double hot_threshold;		/* a page is hot that is dirtied in this share of the
					 * seconds */
	double hot_pages, hot_share;
	double logged_pages_per_s;
	struct mt_tick total;
};

/* What a forecast has to know of a guest besides what it dirties. */
struct mt_record_guest {
	uint64_t t_ns;
	uint64_t memory_bytes, vcpus;
	uint64_t resident_bytes;	/* of its memory; 0 = not known */
	uint64_t nonzero_bytes;		/* of its memory, estimated; likewise */
	double cpu_share;		/* of its vCPUs' time that it used during the profile; NaN =
					 * not known */
};

const char *mt_outcome_name(enum mt_outcome outcome);	/* "completed" ... */
int mt_outcome_parse(const char *name, enum mt_outcome *outcome);
/* What its last status says, where nothing else does. Return: whether it says anything. */
bool mt_outcome_of_status(enum mt_status status, enum mt_outcome *outcome);

struct mt_pageset;

/*
 * Pages as the text of a struct mt_record_pages, in pieces that fit into an entry. Return: 0,
 * -ENOMEM, or @fn's.
 */
MT_MUST_CHECK int mt_record_pages_write(const struct mt_pageset *set,
					int (*fn)(void *opaque, const char *text), void *opaque);
/* And back. Return: 0; -EBADMSG that is no such text; or what @fn returned that is not 0. */
MT_MUST_CHECK int mt_record_pages_read(const char *text,
				       int (*fn)(void *opaque, uint64_t first, uint64_t count),
				       void *opaque);

/* --- writing ---------------------------------------------------------- */
struct mt_recorder;

/*
 * Creates PATH.part (PATH itself must not exist: -EEXIST) and writes the header.
 * mt_recorder_resume() continues a PATH.part that a killed writer left behind:
 * what is whole in it is kept, header included. If the host booted in between, the times
 * of later entries are shifted so that they go on after the old ones.
 */
MT_MUST_CHECK int mt_recorder_open(struct mt_recorder **r, const char *path,
				   const struct mt_record_header *h, struct mt_err *err);
MT_MUST_CHECK int mt_recorder_resume(struct mt_recorder **r, const char *path, struct mt_err *err);
/* Without room for that: takes a PATH.part that nobody writes for PATH, though it ends early. */
MT_MUST_CHECK int mt_recorder_keep(const char *path);

/*
 * Each writes and flushes one entry (but see thin.h for long recordings, and
 * mt_recorder_go_behind()). After the first failure (disk full) the recorder keeps what it has
 * whole on disk, ignores later entries and returns that first error each time; mt_recorder_close()
 * then leaves PATH.part behind. Where only room was refused (mt_recorder_set_room()), or there is
 * no more in a recording, the outcome is taken still, and PATH is what is left. A NULL recorder is
 * one that records nothing.
 */
int mt_recorder_sample(struct mt_recorder *r, const struct mt_sample *s);
int mt_recorder_decision(struct mt_recorder *r, const struct mt_record_decision *d);
int mt_recorder_event(struct mt_recorder *r, uint64_t t_ns, const char *event, const char *detail);
int mt_recorder_dirtyrate(struct mt_recorder *r, const struct mt_record_dirtyrate *d);
int mt_recorder_outcome(struct mt_recorder *r, const struct mt_record_outcome *o);
int mt_recorder_source(struct mt_recorder *r, const struct mt_record_source *s);
int mt_recorder_tick(struct mt_recorder *r, const struct mt_tick *t);
int mt_recorder_pass(struct mt_recorder *r, const struct mt_record_pass *p);
int mt_recorder_curve(struct mt_recorder *r, const struct mt_record_curve *c);
int mt_recorder_pages(struct mt_recorder *r, const struct mt_record_pages *p);
int mt_recorder_vcpu(struct mt_recorder *r, const struct mt_record_vcpu *v);
int mt_recorder_profile(struct mt_recorder *r, const struct mt_record_profile *p);
int mt_recorder_work(struct mt_recorder *r, const struct mt_work *w);
int mt_recorder_guest(struct mt_recorder *r, const struct mt_record_guest *g);

/* Ends the stream, fsyncs and renames. Frees @r in any case. An error says what is missing. */
int mt_recorder_close(struct mt_recorder *r, struct mt_err *err);

/*
 * Asks before a file grows, at its next entry and then each MT_RECORDER_ROOM_BYTES: @bytes is what
 * it will have.
 * Return: 0 it may; else -errno with a line why, and the recording ends there, with an event
 * "ended" that says so.
 */
#define MT_RECORDER_ROOM_BYTES	(256 * 1024)
typedef int (*mt_recorder_room_fn)(uint64_t bytes, void *opaque, struct mt_err *err);
void mt_recorder_set_room(struct mt_recorder *r, mt_recorder_room_fn fn, void *opaque);

/* --- writing without waiting -------------------------------------------- */
/*
 * A disk may hang or a file's open(2) never return. A recorder behind a queue never makes its
 * caller wait: a thread of its own opens the file and writes. Entries that find the queue full are
 * dropped, and an event "dropped" says how many there; frequent ones (looks between iterations,
 * ticks) are dropped first. Errors of the disk come back from later calls.
 */
struct mt_recorder_behind {
	/* Called on the thread: opens or resumes the recorder that is written to. */
	int (*begin)(struct mt_recorder **r, void *opaque, struct mt_err *err);
	void (*release)(void *opaque);	/* called by the thread, last of all; NULL: nothing to do */
	void *opaque;
	size_t max_entries, max_bytes;	/* of the queue; 0: 8192 and 8 MiB */
	uint64_t close_ms;		/* mt_recorder_close() waits at most this long for the disk;
					 * 0: 5 s */
};

MT_MUST_CHECK int mt_recorder_behind(struct mt_recorder **r, const struct mt_recorder_behind *how,
				     struct mt_err *err);
/*
 * The same for a recorder that is open, which is *@r afterwards; after an error *@r stays as it
 * was.
 */
MT_MUST_CHECK int mt_recorder_go_behind(struct mt_recorder **r, struct mt_err *err);
/* Waits until the file is open. Return: 0; -ETIMEDOUT; what begin() returned, with its line. */
int mt_recorder_begun(struct mt_recorder *r, uint64_t timeout_ms, struct mt_err *err);
/*
 * Waits until all that was told so far is on its way to the disk. Return: 0; -ETIMEDOUT; the disk's
 * error.
 */
int mt_recorder_flush(struct mt_recorder *r, uint64_t timeout_ms);
uint64_t mt_recorder_dropped(struct mt_recorder *r);	/* entries, so far */

/* --- reading ---------------------------------------------------------- */
enum mt_entry_type {
	MT_ENTRY_SAMPLE,
	MT_ENTRY_DECISION,
	MT_ENTRY_EVENT,
	MT_ENTRY_DIRTYRATE,
	MT_ENTRY_OUTCOME,
	MT_ENTRY_SOURCE,
	MT_ENTRY_TICK,
	MT_ENTRY_PASS,
	MT_ENTRY_CURVE,
	MT_ENTRY_VCPU,
	MT_ENTRY_PROFILE,
	MT_ENTRY_GUEST,
	MT_ENTRY_PAGES,
	MT_ENTRY_WORK,
	MT_ENTRY_COUNT
};

struct mt_entry {
	enum mt_entry_type type;
	union {
		struct mt_sample sample;
		struct mt_record_decision decision;
		struct { uint64_t t_ns; const char *event, *detail; } event;
		struct mt_record_dirtyrate dirtyrate;
		struct mt_record_outcome outcome;
		struct mt_record_source source;
		struct mt_tick tick;
		struct mt_record_pass pass;
		struct mt_record_curve curve;
		struct mt_record_vcpu vcpu;
		struct mt_record_profile profile;
		struct mt_record_guest guest;
		struct mt_record_pages pages;
		struct mt_work work;
	};
};

uint64_t mt_entry_t_ns(const struct mt_entry *e);	/* CLOCK_MONOTONIC of the host it was
							 * written on */

/* A recording in memory. All strings live as long as it does. */
struct mt_recording {
	const char *path;
	bool foreign;			/* a QMP query-migrate series: samples only */
	bool truncated;			/* not read to its end; @truncated_after says where */
	const char *bound;		/* because of which bound; NULL: the file itself ends
					 * early */
	size_t truncated_after;		/* whole lines read */
	/* Of a later version: entries left out, and words of entries taken for "unknown". */
	size_t strange_entries, strange_words;
	struct mt_record_header header;
	struct mt_entry *entries;
	size_t n_entries;
	void *priv;
};

/**
 * mt_recording_load() - read a recording, or a QMP query-migrate series
 *
 * Told apart by content: zstd magic, or a JSON array of objects with
 * "query_migrate" (times in ms and sizes in bytes inside), or a monitor's
 * {"return": ...}, one after the other. A recording that ends early, or takes
 * more than MT_RECORDING_MEMORY_BYTES, is loaded as far as it goes, with ->truncated set.
 *
 * Return: 0; -ENOENT and other errnos of open(2); -EBADMSG what is no recording
 * at all, or has a broken line in its middle; -EPROTO a schema from the future;
 * -ENODATA nothing in it; each with a line in @err.
 */
MT_MUST_CHECK int mt_recording_load(struct mt_recording **rec, const char *path,
				    struct mt_err *err);

struct mt_recording_limits {
	size_t memory_bytes;		/* for entries and strings; 0: MT_RECORDING_MEMORY_BYTES */
	bool ours;			/* refuse links, and files that are not this user's alone:
					 * -ELOOP, -EPERM */
};

MT_MUST_CHECK int mt_recording_load_within(struct mt_recording **rec, const char *path,
					   const struct mt_recording_limits *limits,
					   struct mt_err *err);

typedef void (*mt_recording_scan_fn)(const struct mt_entry *e, void *opaque);

/*
 * Shows each entry to @fn, in order, instead of keeping it: whatever the length, memory for one
 * entry. @rec then has all but entries. No series.
 */
MT_MUST_CHECK int mt_recording_scan(struct mt_recording **rec, const char *path,
				    const struct mt_recording_limits *limits,
				    mt_recording_scan_fn fn, void *opaque, struct mt_err *err);
void mt_recording_free(struct mt_recording *rec);

/*
 * Whoever tries again after a failure gets two migrations in one recording: that of entry @from
 * ends before the entry that is returned, ->n_entries for the last. See mt_sample_begins().
 */
size_t mt_recording_migration(const struct mt_recording *rec, size_t from);

#endif
