/*
 * What the kernel says of the clock, and what is said of that.
 */
#include "redirector/monitor/clock_state.h"
#include "tests/check.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/timex.h>

static struct timex kernel;
static int answer;
static unsigned modes;

int __wrap_adjtimex(struct timex *t);
int __wrap_adjtimex(struct timex *t)
{
	modes = t->modes;
	if (answer < 0) {
		errno = EPERM;
		return -1;
	}
	*t = kernel;
	return answer;
}

static enum log_level level;
static char line[256];

void __wrap_log_print(struct log *log, enum log_level at, const char *fmt, ...);
void __wrap_log_print(struct log *log, enum log_level at, const char *fmt, ...)
{
	va_list args;

	(void)log;
	level = at;
	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
}

static void rows(void)
{
	static const struct {
		int answer;
		struct timex kernel;
		bool known, synchronised;
		int64_t error_us, offset_us;
		enum log_level level;
		const char *says;
	} table[] = {
		{ TIME_OK,
		  { .maxerror = 1500, .offset = -20 },
		  true,
		  true,
		  1500,
		  -20,
		  LEVEL_INFO,
		  "state=synchronised" },
		{ TIME_OK,
		  { .status = STA_NANO, .offset = -20000 },
		  true,
		  true,
		  0,
		  -20,
		  LEVEL_INFO,
		  "state=synchronised" },
		{ TIME_INS, { .maxerror = 1 }, true, true, 1, 0, LEVEL_INFO, "state=synchronised" },
		{ TIME_ERROR,
		  { .maxerror = 16000000 },
		  true,
		  false,
		  16000000,
		  0,
		  LEVEL_WARNING,
		  "state=unsynchronised" },
		{ TIME_OK,
		  { .status = STA_UNSYNC },
		  true,
		  false,
		  0,
		  0,
		  LEVEL_WARNING,
		  "state=unsynchronised" },
		{ -1, { .maxerror = 7 }, false, false, 0, 0, LEVEL_WARNING, "state=unknown" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct clock_state s;

		memset(&s, 0xff, sizeof(s));
		answer = table[i].answer;
		kernel = table[i].kernel;
		modes = 1;
		clock_state_read(&s);
		CHECK(modes == 0, "row %zu: nothing is set", i);
		CHECK(s.known == table[i].known, "row %zu", i);
		CHECK(s.synchronised == table[i].synchronised, "row %zu", i);
		CHECK(s.error_us == table[i].error_us, "row %zu", i);
		CHECK(s.offset_us == table[i].offset_us, "row %zu", i);
		clock_state_say(&s, NULL);
		CHECK(level == table[i].level && strstr(line, table[i].says), "row %zu: %s", i,
		      line);
	}
}

int main(void)
{
	rows();
	return check_result();
}
