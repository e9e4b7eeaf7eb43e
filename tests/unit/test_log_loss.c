/*
 * What a log that loses lines leads to: one line when it begins, one when it is over.
 */
#include "redirector/base/log.h"
#include "redirector/base/log_loss.h"
#include "shaken/macro.h"
#include "tests/check.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* clang-format off */
static const struct {
	int64_t now; /* seconds */
	uint64_t lost;
	bool failing;
	enum log_loss_news news;
	uint64_t count;
} steps[] = {
	{   0,   0, false, LOSS_NO_NEWS, 0 },
	{   1,   5, true,  LOSS_BEGINS,  5 },
	{   2,  50, true,  LOSS_NO_NEWS, 0 },
	{   9,  50, true,  LOSS_NO_NEWS, 0 },
	{  40,  50, true,  LOSS_NO_NEWS, 0 }, /* nothing comes, nothing is known */
	{  41,  50, false, LOSS_OVER,    50 },
	{  42,  50, false, LOSS_NO_NEWS, 0 },
	{  43,  51, false, LOSS_NO_NEWS, 0 }, /* within the minute */
	{  60,  51, false, LOSS_NO_NEWS, 0 },
	{  61,  51, false, LOSS_BEGINS,  1 }, /* told all the same */
	{  62,  51, false, LOSS_OVER,    1 },
	{ 200,  51, false, LOSS_NO_NEWS, 0 },
	{ 201,  52, false, LOSS_BEGINS,  1 },
	{ 205,  53, false, LOSS_NO_NEWS, 0 },
	{ 214,  53, false, LOSS_NO_NEWS, 0 }, /* quiet for 9 s */
	{ 215,  54, false, LOSS_NO_NEWS, 0 },
	{ 224,  54, false, LOSS_NO_NEWS, 0 },
	{ 225,  54, false, LOSS_OVER,    3 },
};
/* clang-format on */

static void told(void)
{
	struct log_loss loss = { .losing = false };

	for (size_t i = 0; i < SK_COUNT(steps); i++) {
		uint64_t count = 99;
		enum log_loss_news news = log_loss_look(&loss, steps[i].lost, steps[i].failing,
							steps[i].now * 1000, &count);

		CHECK(news == steps[i].news, "at %d s: %d", (int)steps[i].now, (int)news);
		CHECK(news == LOSS_NO_NEWS || count == steps[i].count, "at %d s: %d lines",
		      (int)steps[i].now, (int)count);
	}
}

/* However it flaps: each line is told, and two news a minute. */
static void flapping(void)
{
	struct log_loss loss = { .losing = false };
	uint64_t lost = 0, count = 0, sum = 0;
	int news = 0;

	for (int s = 0; s < 3600; s++) {
		enum log_loss_news now;

		lost += s < 3500 && s % 15 == 0;
		now = log_loss_look(&loss, lost, false, (int64_t)s * 1000, &count);
		news += now != LOSS_NO_NEWS;
		sum += now == LOSS_OVER ? count : 0;
	}
	CHECK(news <= 2 * 60, "%d news in an hour", news);
	CHECK(sum == lost && !loss.losing, "%d of %d told", (int)sum, (int)lost);
}

static bool becomes(struct log *log, bool failing, const char *line)
{
	for (int i = 0; i < 200; i++) {
		if (log_failing(log) == failing)
			return true;
		log_write(log, sk_span_of(line));
		usleep(20000);
	}
	return false;
}

/* A disk that is full, a daemon that is not there. */
static void failing(void)
{
	static const char *const targets[] = { "/dev/full", "syslog:/nonexistent/log",
					       "journal:/nonexistent/log" };
	char why[256] = "";

	for (size_t i = 0; i < SK_COUNT(targets); i++) {
		struct log *log = NULL;

		if (!log_open(targets[i], LEVEL_INFO, &log, why))
			exit(1);
		CHECK(!log_failing(log), "%s: nothing was written yet", targets[i]);
		CHECK(becomes(log, true, "a line\n"), "%s", targets[i]);
		CHECK(log_lost(log) > 0, "%s", targets[i]);
		log_close(log);
	}
}

/* Another file under the same name takes lines again. */
static void mended(void)
{
	char folder[] = "/tmp/loss.XXXXXX", path[64], why[256] = "";
	struct log *log = NULL;

	if (!mkdtemp(folder))
		exit(1);
	snprintf(path, sizeof(path), "%s/log", folder);
	if (symlink("/dev/full", path) != 0 || !log_open(path, LEVEL_INFO, &log, why))
		exit(1);
	CHECK(becomes(log, true, "a line\n"), "a full disk");
	if (unlink(path) != 0)
		exit(1);
	CHECK(log_reopen(log) && becomes(log, false, "a line\n"), "a new file");
	log_close(log);
	unlink(path);
	rmdir(folder);
}

/* --check: what an opening would come to, and nothing is left behind. */
static void tried(void)
{
	static const struct {
		const char *target;
		enum log_trial trial;
		const char *says;
	} rows[] = {
		{ "stderr", LOG_FINE, "" },
		{ "stdout", LOG_FINE, "" },
		{ "/dev/null", LOG_FINE, "" },
		{ "/nonexistent/log", LOG_REFUSED, "/nonexistent/log: No such file" },
		{ "/proc", LOG_REFUSED, "/proc: Is a directory" },
		{ "syslog:/nonexistent/log", LOG_AWAY, "/nonexistent/log: No such file" },
		{ "journal:/dev/null", LOG_AWAY, "/dev/null: Connection refused" },
	};
	char folder[] = "/tmp/try.XXXXXX", path[64], why[256];
	struct stat st;
	FILE *f;

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		why[0] = '\0';
		CHECK(log_try(rows[i].target, why) == rows[i].trial, "%s", rows[i].target);
		CHECK(strncmp(why, rows[i].says, strlen(rows[i].says)) == 0, "%s: %s",
		      rows[i].target, why);
	}
	if (!mkdtemp(folder))
		exit(1);
	snprintf(path, sizeof(path), "%s/log", folder);
	CHECK(log_try(path, why) == LOG_FINE, "can be made: %s", why);
	CHECK(access(path, F_OK) != 0, "and was not left");
	f = fopen(path, "w");
	if (!f || fputs("kept\n", f) < 0 || fclose(f) != 0)
		exit(1);
	CHECK(log_try(path, why) == LOG_FINE && stat(path, &st) == 0 && st.st_size == 5,
	      "what is there stays");
	if (unlink(path) != 0 || symlink("yet-to-be-made", path) != 0)
		exit(1);
	CHECK(log_try(path, why) == LOG_FINE, "a link to what can be made");
	if (unlink(path) != 0 || mkfifo(path, 0600) != 0)
		exit(1);
	CHECK(log_try(path, why) == LOG_FINE, "a pipe: waits for nobody");
	unlink(path);
	rmdir(folder);
}

int main(void)
{
	told();
	flapping();
	failing();
	mended();
	tried();
	return check_result();
}
