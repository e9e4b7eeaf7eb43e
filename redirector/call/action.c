/*
 * Four findings, four choices.  What surprises: no fault of ours is a finding, so a
 * carrier that blocks what it cannot verify blocks nobody because of us.
 */
#include "redirector/call/action.h"

enum finding {
	FINDING_NONE,
	FINDING_MISSING,
	FINDING_PASSED,
	FINDING_FAILED,
	FINDING_UNVERIFIED,
};

static enum finding finding_of(const struct call *c)
{
	if (c->task != TASK_VERIFY || sk_err_class(c->err) == SK_CLASS_OURS ||
	    c->err == SK_REQUEST_SYNTAX || c->err == SK_BYPASSED)
		return FINDING_NONE;
	if (!c->err)
		return FINDING_PASSED;
	/* whatever else is wrong with it: a stale Date must not make it look better */
	if (c->facts.identity_count == 0 || c->err == SK_IDENTITY_REQUIRED)
		return FINDING_MISSING;
	return c->tenant->profile.verstat[c->err] == SK_VERSTAT_FAILED ? FINDING_FAILED
								       : FINDING_UNVERIFIED;
}

static enum conf_action choice_of(const struct actions_conf *set, enum finding finding)
{
	switch (finding) {
	case FINDING_MISSING:
		return set->missing;
	case FINDING_PASSED:
		return set->passed;
	case FINDING_FAILED:
		return set->failed;
	case FINDING_UNVERIFIED:
		return set->unverified;
	case FINDING_NONE:
	default:
		return ACTION_AS_SET;
	}
}

static const char *alert_of(const struct actions_conf *set, enum finding finding)
{
	switch (finding) {
	case FINDING_MISSING:
		return set->alert_missing;
	case FINDING_PASSED:
		return set->alert_passed;
	case FINDING_FAILED:
		return set->alert_failed;
	case FINDING_UNVERIFIED:
		return set->alert_unverified;
	case FINDING_NONE:
	default:
		return NULL;
	}
}

enum conf_action action_of(const struct call *c)
{
	return choice_of(&c->tenant->set->actions, finding_of(c));
}

const char *action_alert(const struct call *c)
{
	const struct actions_conf *set = &c->tenant->set->actions;

	if (c->listed)
		return set->alert_listed;
	return action_of(c) == ACTION_ALERT ? alert_of(set, finding_of(c)) : NULL;
}
