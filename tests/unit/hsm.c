/*
 * softhsm2-util is run as it is by hand; an id is the number of the key, so that no two keys
 * have the same.
 */
#include "tests/unit/hsm.h"

#include <ftw.h>
#include <openssl/pem.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[256];

static void need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "hsm: %s\n", what);
	exit(1);
}

const char *hsm_path(const char *name)
{
	static char paths[4][512];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, 512, "%s/%s", folder, name);
	return path;
}

/* By the shell: the output goes nowhere. */
__attribute__((format(printf, 1, 2))) static void run(const char *form, ...)
{
	char command[2048];
	va_list args;
	int len;

	va_start(args, form);
	len = vsnprintf(command, sizeof(command), form, args);
	va_end(args);
	need(len > 0 && (size_t)len < sizeof(command), "a shorter command");
	need(system(command) == 0, command);
}

void hsm_write(const char *name, const char *text)
{
	FILE *f;

	umask(077);
	f = fopen(hsm_path(name), "w");
	need(f && fputs(text, f) >= 0 && fclose(f) == 0, hsm_path(name));
}

void hsm_begin(void)
{
	const char *base = getenv("TMPDIR");
	char text[400];

	snprintf(folder, sizeof(folder), "%.200s/hsm-XXXXXX", base ? base : P_tmpdir);
	need(mkdtemp(folder) != NULL, "a folder");
	need(mkdir(hsm_path("tokens"), 0700) == 0, "a folder for tokens");
	snprintf(
		text, sizeof(text),
		"directories.tokendir = %s/tokens\nobjectstore.backend = file\nlog.level = ERROR\n",
		folder);
	hsm_write("softhsm.conf", text);
	hsm_write("pin", HSM_PIN "\n");
	setenv("SOFTHSM2_CONF", hsm_path("softhsm.conf"), 1);
	setenv("STALL_FOLDER", folder, 1);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

void hsm_end(void)
{
	nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void hsm_token(const char *label)
{
	run("softhsm2-util --init-token --free --label %s --so-pin 5678 --pin " HSM_PIN
	    " >/dev/null",
	    label);
}

void hsm_key(const char *token, const char *label, EVP_PKEY *key)
{
	static unsigned id;
	FILE *f;

	hsm_write("import.pem", "");
	f = fopen(hsm_path("import.pem"), "w");
	need(f && PEM_write_PKCS8PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) && fclose(f) == 0,
	     "a key");
	run("softhsm2-util --import %s --token %s --label %s --id %02x --pin " HSM_PIN
	    " >/dev/null",
	    hsm_path("import.pem"), token, label, ++id);
	unlink(hsm_path("import.pem"));
}

/* The folder of a token has a name by chance; its label is in the file token.object. */
void hsm_take_away(const char *label)
{
	run("cd %s && mkdir -p away && mv \"$(grep -l %s tokens/*/token.object | xargs -n1 "
	    "dirname)\""
	    " away/%s",
	    folder, label, label);
}

void hsm_bring_back(const char *label)
{
	run("cd %s && mv away/%s tokens/%s", folder, label, label);
}

void hsm_say(const char *what, bool on)
{
	if (on)
		hsm_write(what, "");
	else
		unlink(hsm_path(what));
}

int hsm_calls(const char *what)
{
	char line[64];
	FILE *f = fopen(hsm_path("calls"), "r");
	int n = 0;

	while (f && fgets(line, sizeof(line), f))
		n += strncmp(line, what, strlen(what)) == 0;
	if (f)
		fclose(f);
	return n;
}

void hsm_wait_calls(const char *what, int count)
{
	for (int i = 0; i < 6000 && hsm_calls(what) < count; i++)
		usleep(10000);
	need(hsm_calls(what) >= count, what);
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

#ifdef __SANITIZE_ADDRESS__
int __lsan_do_recoverable_leak_check(void);
#else
static int __lsan_do_recoverable_leak_check(void)
{
	return 0;
}
#endif

_Noreturn void hsm_leave(int status)
{
	if (__lsan_do_recoverable_leak_check() != 0)
		status = 1;
	fflush(NULL);
	_exit(status);
}
