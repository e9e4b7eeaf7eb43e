/* The names of the counters, in the order of the enum. */
#include "redirector/call/counters.h"

static const char *const names[COUNT_LAST] = {
	[COUNT_DATAGRAMS] = "datagrams",
	[COUNT_STRANGERS] = "strangers",
	[COUNT_UNMATCHED] = "unmatched",
	[COUNT_SOURCE_OVER] = "source_over",
	[COUNT_SOURCE_DROPPED] = "source_dropped",
	[COUNT_OVERSIZED] = "oversized",
	[COUNT_NOISE] = "noise",
	[COUNT_HEADER_FLOOD] = "header_flood",
	[COUNT_UNROUTABLE] = "unroutable",
	[COUNT_MALFORMED] = "malformed",
	[COUNT_ACK] = "ack",
	[COUNT_CANCEL] = "cancel",
	[COUNT_OPTIONS] = "options",
	[COUNT_OTHER_METHODS] = "other_methods",
	[COUNT_INVITES] = "invites",
	[COUNT_REPEATS] = "repeats",
	[COUNT_IN_DIALOG] = "in_dialog",
	[COUNT_SIGNED] = "signed",
	[COUNT_PASSED] = "passed",
	[COUNT_FAILED] = "failed",
	[COUNT_UNVERIFIED] = "unverified",
	[COUNT_REPLAYED] = "replayed",
	[COUNT_WAITED] = "waited",
	[COUNT_LATE] = "late",
	[COUNT_BUSY] = "busy",
	[COUNT_LIMITED] = "limited",
	[COUNT_UNRECORDED] = "unrecorded",
	[COUNT_SILENT] = "silent",
	[COUNT_DRAINED] = "drained",
	[COUNT_ANSWERS] = "answers",
	[COUNT_SEND_FAILED] = "send_failed",
	[COUNT_ELSEWHERE] = "elsewhere",
	[COUNT_TOO_LONG] = "too_long",
	[COUNT_GONE] = "gone",
	[COUNT_STALE] = "stale",
	[COUNT_OVERLOAD] = "overload",
	[COUNT_SHED] = "shed",
	[COUNT_QUESTIONS] = "questions",
};

const char *counter_name(enum counter counter)
{
	return names[counter];
}
