/*
 * A PKCS#11 library between the caller and SoftHSM, for tests: it is SoftHSM until a file
 * says otherwise.  In the folder $STALL_FOLDER
 *
 *   stall-LABEL   signatures of that token wait until the file is gone
 *   fail-LABEL    ... are refused with CKR_DEVICE_ERROR
 *   login-LABEL   logins to it wait until the file is gone
 *
 * Each login, each start and each signature that has to wait (`stall`) is a line of the file
 * `calls` there.  $STALL_LIBRARY is the real one.
 *
 * Of PKCS#11 (2.40) there is only what is needed: the list of functions is a version and 68
 * pointers in a fixed order (section 3.6).
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long word;

enum {
	FUNCTIONS = 68,
	INITIALIZE = 0,
	GET_TOKEN_INFO = 6,
	GET_SESSION_INFO = 15,
	LOGIN = 18,
	SIGN = 43,
	LABEL_SIZE = 32,
	TOKEN_INFO_SIZE = 1024, /* more than CK_TOKEN_INFO has; its label comes first */
};

static const word DEVICE_ERROR = 0x30, GENERAL_ERROR = 5;

struct functions {
	unsigned char version[2];
	void *all[FUNCTIONS];
};

struct session_info {
	word slot, state, flags, device_error;
};

static struct functions ours;
static const struct functions *real;

word C_GetFunctionList(struct functions **out);

static void note(const char *what)
{
	const char *folder = getenv("STALL_FOLDER");
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%.400s/calls", folder ? folder : ".");
	f = fopen(path, "a");
	if (!f)
		return;
	fprintf(f, "%s\n", what);
	fclose(f);
}

/* Labels are padded with blanks. */
static void label_of(word session, char out[LABEL_SIZE + 1])
{
	word (*session_info)(word, struct session_info *) = real->all[GET_SESSION_INFO];
	word (*token_info)(word, void *) = real->all[GET_TOKEN_INFO];
	unsigned char info[TOKEN_INFO_SIZE];
	struct session_info s;
	size_t len = 0;

	if (session_info(session, &s) == 0 && token_info(s.slot, info) == 0) {
		memcpy(out, info, LABEL_SIZE);
		for (len = LABEL_SIZE; len > 0 && out[len - 1] == ' ';)
			len--;
	}
	out[len] = '\0';
}

static int is_told(const char *what, word session)
{
	const char *folder = getenv("STALL_FOLDER");
	char path[512], label[LABEL_SIZE + 1];

	label_of(session, label);
	snprintf(path, sizeof(path), "%.400s/%s-%s", folder ? folder : ".", what, label);
	return access(path, F_OK) == 0;
}

static word our_sign(word session, unsigned char *data, word len, unsigned char *sig, word *sig_len)
{
	word (*next)(word, unsigned char *, word, unsigned char *, word *) = real->all[SIGN];

	if (is_told("stall", session))
		note("stall");
	while (is_told("stall", session))
		usleep(10000);
	if (is_told("fail", session))
		return DEVICE_ERROR;
	return next(session, data, len, sig, sig_len);
}

static word our_login(word session, word user, unsigned char *pin, word len)
{
	word (*next)(word, word, unsigned char *, word) = real->all[LOGIN];

	note("login");
	while (is_told("login", session))
		usleep(10000);
	return next(session, user, pin, len);
}

static word our_initialize(void *args)
{
	word (*next)(void *) = real->all[INITIALIZE];

	note("start");
	return next(args);
}

word C_GetFunctionList(struct functions **out)
{
	const char *path = getenv("STALL_LIBRARY");
	void *library = dlopen(path ? path : "/usr/lib/softhsm/libsofthsm2.so", RTLD_NOW);
	word (*next)(struct functions **) = NULL;
	struct functions *list = NULL;

	if (library)
		*(void **)&next = dlsym(library, "C_GetFunctionList");
	if (!next || next(&list) != 0)
		return GENERAL_ERROR;
	real = list;
	ours = *list;
	*(word(**)(word, unsigned char *, word, unsigned char *, word *)) & ours.all[SIGN] =
		our_sign;
	*(word(**)(word, word, unsigned char *, word)) & ours.all[LOGIN] = our_login;
	*(word(**)(void *)) & ours.all[INITIALIZE] = our_initialize;
	*out = &ours;
	return 0;
}
