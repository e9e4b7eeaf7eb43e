/*
 * Each row is a process of its own, since there is no way back.  As root the whole of it is
 * tried; as anybody else what holds for them.
 */
#include "redirector/privileges.h"

#include "tests/check.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static char why[PRIVILEGES_WHY_SIZE];

/* The value of a line of /proc/self/status, such as "CapEff:". */
static const char *status(const char *name)
{
	static char line[4096];
	FILE *f = fopen("/proc/self/status", "r");
	size_t len = strlen(name);

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, name, len) == 0) {
			fclose(f);
			line[strcspn(line, "\n")] = '\0';
			return line + len + strspn(line + len, " \t");
		}
	if (f)
		fclose(f);
	return "none";
}

/* Runs it in a child; its checks count here. */
static void apart(void (*test)(void))
{
	int ends[2], counts[2] = { 0, 1 };
	pid_t child;

	if (pipe(ends) != 0)
		exit(1);
	fflush(NULL);
	child = fork();
	if (child == 0) {
		check_passed = check_failed = 0;
		test();
		counts[0] = check_passed;
		counts[1] = check_failed;
		_exit(write(ends[1], counts, sizeof(counts)) != sizeof(counts));
	}
	close(ends[1]);
	CHECK(child > 0 && read(ends[0], counts, sizeof(counts)) == sizeof(counts),
	      "the child's counts");
	close(ends[0]);
	waitpid(child, NULL, 0);
	check_passed += counts[0];
	check_failed += counts[1];
}

static void check_guards(void)
{
	struct rlimit core, files, nice;

	getrlimit(RLIMIT_CORE, &core);
	getrlimit(RLIMIT_NOFILE, &files);
	getrlimit(RLIMIT_NICE, &nice);
	CHECK(core.rlim_max == 0, "no core is dumped");
	CHECK(files.rlim_cur == files.rlim_max, "all open files that may be");
	CHECK(nice.rlim_cur == 10 || nice.rlim_cur == nice.rlim_max, "niceness down to 10");
	CHECK(prctl(PR_GET_DUMPABLE) == 0, "not dumpable");
	CHECK_STR(status("NoNewPrivs:"), "1", "no new privileges");
}

static void test_to_nobody(void)
{
	static const char *const none[] = { "CapInh:", "CapPrm:", "CapEff:", "CapAmb:" };
	const struct passwd *nobody = getpwnam("nobody");
	uid_t uid = nobody ? nobody->pw_uid : 0;
	gid_t gid = nobody ? nobody->pw_gid : 0, extra[] = { 0, 4, 27 };
	char ids[100];

	CHECK(setgroups(3, extra) == 0, "root is in groups");
	CHECK(privileges_drop("nobody", why), "%s", why);
	snprintf(ids, sizeof(ids), "%u\t%u\t%u\t%u", uid, uid, uid, uid);
	CHECK_STR(status("Uid:"), ids, "user ids");
	snprintf(ids, sizeof(ids), "%u\t%u\t%u\t%u", gid, gid, gid, gid);
	CHECK_STR(status("Gid:"), ids, "group ids");
	snprintf(ids, sizeof(ids), "%u ", gid);
	CHECK_STR(status("Groups:"), ids, "groups");
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		CHECK_STR(status(none[i]), "0000000000000000", none[i]);
	check_guards();
	CHECK(setuid(0) != 0 && seteuid(0) != 0 && setreuid(0, 0) != 0 && setresuid(0, 0, 0) != 0,
	      "no way back");
	CHECK(setgid(0) != 0 && setgroups(3, extra) != 0, "nor to root's groups");
	CHECK(access("/etc/shadow", R_OK) != 0, "root's files are root's");
	CHECK(privileges_check("nobody", why), "%s", why);
	CHECK(privileges_check("", why), "%s", why);
	CHECK(!privileges_warning("nobody", why), "nothing to warn of");
	CHECK(!privileges_warning("", why), "nor with no wish");
	CHECK(privileges_warning("daemon", why) && strstr(why, "\"daemon\" has no effect"), "%s",
	      why);
	CHECK(privileges_drop("nobody", why), "twice does no harm: %s", why);
	CHECK(privileges_drop("daemon", why) && getuid() == uid, "who is not root stays");
}

static void test_root_stays(void)
{
	CHECK(!privileges_check("", why), "not before: privileges may be gained");
	CHECK(privileges_drop("", why), "%s", why);
	CHECK(geteuid() == 0, "root it is");
	check_guards();
	CHECK(privileges_check("", why), "%s", why);
	CHECK(!privileges_check("nobody", why) && strstr(why, "still is root"), "%s", why);
	CHECK(privileges_warning("", why) && strstr(why, "runs as root; set service.user"), "%s",
	      why);
}

/* Half of it is nothing: the effective id alone can go back. */
static void test_half(void)
{
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && seteuid(1) == 0, "half-way");
	CHECK(!privileges_check("daemon", why), "half-way is noticed");
}

/* The group alone is left: setgid(0) must not have a saved id to go back to. */
static void test_group(void)
{
	CHECK(setresgid(1, 1, 1) == 0 && setresuid(1, 1, 1) == 0, "daemon");
	CHECK(privileges_drop("", why) && getgid() == 1, "%s", why);
	CHECK(privileges_check("", why), "%s", why);
}

/* A capability that was given to somebody who is not root. */
static void test_capability(void)
{
	CHECK(prctl(PR_SET_KEEPCAPS, 1) == 0 && setresuid(1, 1, 1) == 0,
	      "daemon, with all of them");
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "no new ones");
	CHECK(strcmp(status("CapPrm:"), "0000000000000000") != 0, "there are some");
	CHECK(!privileges_check("", why), "which is noticed");
	CHECK(privileges_drop("", why), "%s", why);
	CHECK_STR(status("CapPrm:"), "0000000000000000", "all gone");
	CHECK(privileges_check("", why), "%s", why);
}

static void test_not_root(void)
{
	uid_t uid = geteuid();

	CHECK(privileges_drop("nobody", why) && geteuid() == uid, "stays who it is: %s", why);
	check_guards();
	CHECK(privileges_check("nobody", why), "%s", why);
	CHECK(!privileges_warning("", why), "nothing to warn of");
}

static void test_files(void)
{
	static const struct {
		rlim_t limit;
		int64_t connections;
		bool few;
	} rows[] = {
		{ 3048, 2048, false }, { 3047, 2048, true },  { 1000, 0, false },
		{ 999, 0, true },      { 1000, 2048, true },  { 100, 2048, true },
		{ 1001, 1, false },    { 64, 1000000, true },
	};
	struct rlimit files;

	CHECK(getrlimit(RLIMIT_NOFILE, &files) == 0, "there is a limit");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char want[64];
		bool few;

		files.rlim_cur = rows[i].limit;
		CHECK(setrlimit(RLIMIT_NOFILE, &files) == 0, "row %zu: a limit", i);
		few = privileges_few_files(rows[i].connections, why);
		CHECK(few == rows[i].few, "row %zu", i);
		snprintf(want, sizeof(want), "%lld are enough",
			 (long long)rows[i].connections + 1000);
		CHECK(!few || (strstr(why, want) && strstr(why, "LimitNOFILE")), "row %zu: %s", i,
		      why);
	}
}

static void test_users(void)
{
	static const struct {
		const char *user, *said; /* NULL: fine */
	} rows[] = {
		{ "", NULL },
		{ "nobody", NULL },
		{ "no-such-user", "there is no user \"no-such-user\"" },
		{ "root", "is root" },
		{ "0", "there is no user \"0\"" },
		{ "nobody ", "there is no user" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool ok = privileges_known(rows[i].user, why);

		CHECK(ok == !rows[i].said, "\"%s\"", rows[i].user);
		CHECK(ok || strstr(why, rows[i].said), "\"%s\": %s", rows[i].user, why);
		if (!rows[i].said)
			continue;
		ok = privileges_drop(rows[i].user, why);
		CHECK(!ok && strstr(why, rows[i].said), "drop to \"%s\": %s", rows[i].user, why);
	}
}

int main(void)
{
	if (geteuid() != 0) {
		apart(test_not_root);
		apart(test_files);
		apart(test_users);
		return check_result();
	}
	apart(test_to_nobody);
	apart(test_root_stays);
	apart(test_half);
	apart(test_group);
	apart(test_capability);
	apart(test_files);
	apart(test_users);
	return check_result();
}
