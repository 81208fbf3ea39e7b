// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * hand.c - whether what is decided about a migration is done, or only told
 *
 * Asked before each action and at each step, so that whoever says "hands off" is heard at once.
 * What is not known is not done.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "supervision.h"

#define TAKE_EVERY_MS	1000

static bool is_dry(const struct supervision *s)
{
	return s->o->actuators == &mt_actuators_dry;
}

void mt_hand_begin(struct supervision *s)
{
	s->wheel = s->o->wheel;
	if (s->wheel)
		snprintf(s->host, sizeof(s->host), "%s", mt_wheel_host(s->wheel));
	if (s->wheel)
		mt_inherit_limit(s);
	mt_hand_look(s);
}

static void let_go(struct supervision *s)
{
	if (s->own_wheel)
		mt_wheel_put(s->wheel);
	s->wheel = NULL;
	s->own_wheel = false;
}

/*
 * A guest that somebody stopped and did not live to see safe is the guard's before it is anybody's.
 */
static bool is_marked(struct supervision *s)
{
	struct mt_err ignored = { 0 };
	struct mt_stop_mark mark;

	if (mt_wheel_marked(s->wheel, &mark) == -ENOENT)
		return false;
	let_go(s);
	if (s->o->guard && mt_guard_adopt(s->o->guard, s->uuid, &ignored) >= 0)
		snprintf(s->held_by, sizeof(s->held_by),
			 "the guest was stopped before, and is looked after");
	else
		snprintf(s->held_by, sizeof(s->held_by),
			 "the guest was stopped before, and waits for migtrace guard");
	return true;
}

/* Return: whether it is ours. */
static bool has_wheel(struct supervision *s)
{
	uint64_t now_ns = mt_now_ns();
	struct mt_err err = { 0 };

	if (s->wheel && mt_wheel_ours(s->wheel))
		return true;
	if (s->wheel && s->stopped)
		return false;		/* the guard has it, too */
	let_go(s);
	if (now_ns < s->next_take_ns)
		return false;
	s->next_take_ns = now_ns + TAKE_EVERY_MS * MT_NS_PER_MS;
	if (mt_wheel_take(s->o->hands, s->host, s->uuid, s->o->who ? s->o->who : "migtrace",
			  &s->wheel, NULL, &err)) {
		s->wheel = NULL;
		snprintf(s->held_by, sizeof(s->held_by), "%.90s", err.msg);
		return false;
	}
	s->own_wheel = true;
	if (is_marked(s))
		return false;
	mt_inherit_limit(s);
	return true;
}

/* By what all the files are called. While it is not known, nothing of what others say is. */
static bool knows_host(struct supervision *s)
{
	uint64_t now_ns = mt_now_ns();
	struct mt_err err = { 0 };

	if (*s->host)
		return true;
	if (s->down || now_ns < s->next_take_ns)
		return false;
	if (!mt_hands_host(s->conn, s->host, &err))
		return true;
	s->next_take_ns = now_ns + TAKE_EVERY_MS * MT_NS_PER_MS;
	snprintf(s->held_by, sizeof(s->held_by), "%.90s", err.msg);
	return false;
}

/* Why nothing is done; "" it is. */
static void find_reason(struct supervision *s, char *why, size_t size)
{
	enum mt_off off;

	*why = '\0';
	if (is_dry(s)) {
		snprintf(why, size, "observed only, as asked");
	} else if (mt_flag_is_set(s->o->observe)) {
		snprintf(why, size, "observed only, as configured");
	} else if (s->others.observe) {
		snprintf(why, size, "left alone because somebody else steers it");
	} else if (s->o->hands && !knows_host(s)) {
		snprintf(why, size, "%s",
			 *s->held_by ? s->held_by : "which host this is cannot be determined now");
	} else if (s->o->hands) {
		off = mt_hands_off(s->o->hands, s->host, s->uuid);
		if (off == MT_OFF_ALL)
			snprintf(why, size, "hands off all migrations; migtrace release --all --undo ends that");
		else if (off == MT_OFF_RELEASED)
			snprintf(why, size, "hands off this migration; migtrace release --undo ends that");
		else if (!has_wheel(s))
			snprintf(why, size, "%s", s->held_by);
	}
}

bool mt_hand_look(struct supervision *s)
{
	char why[sizeof(s->hand)];

	find_reason(s, why, sizeof(why));
	if (s->acts == !*why && !strcmp(s->hand, why))
		return s->acts;
	if (!s->acts && !*why) {
		/* What was only said so far may be decided again, and then done. */
		s->engine.state.asked_limit_ms = MT_LIMIT_UNSET;
		if (s->only_said)
			s->engine.state.last = MT_ACTION_CONTINUE;
		s->only_said = false;
	}
	s->acts = !*why;
	memcpy(s->hand, why, sizeof(why));
	/* Whoever takes our hands off it wants what it was, and not at a crawl. */
	if (!s->acts && s->wheel)
		mt_put_speed_back(s);
	if (!is_dry(s) && s->begun)
		mt_note_event(s, s->acts ? "steering" : "not steering",
			      s->acts ? "decisions are carried out" : why);
	else if (!is_dry(s) && !s->acts)
		mt_note_event(s, "not steering", why);
	s->begun = true;
	return s->acts;
}

void mt_hand_end(struct supervision *s)
{
	struct mt_err ignored = { 0 };

	if (s->o->hands && !s->result->left &&
	    mt_hands_off(s->o->hands, s->host, s->uuid) == MT_OFF_RELEASED &&
	    mt_hands_release(s->o->hands, s->host, s->uuid, false, &ignored))
		mt_tell(s, NULL, false, ignored.msg);
	let_go(s);
}
