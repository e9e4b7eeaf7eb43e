/*
 * What the name of a file means.  "credential:NAME" is looked up in the folder that systemd
 * makes for LoadCredential=; it is found once, at load, so a printed configuration has the path.
 */
#include "config/loading.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What stands behind `prefix`, or NULL. */
static const char *behind(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(text, prefix, len) == 0 ? text + len : NULL;
}

static char *credential_file(const char *name, const char **why)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	char *path = NULL;

	/* systemd.exec(5): a name is that of a file, so it leads nowhere else */
	if (name[0] == '\0' || name[0] == '.' || strchr(name, '/')) {
		*why = "is no name of a credential: one that does not start with \".\", without "
		       "\"/\"";
		return NULL;
	}
	if (!folder || folder[0] != '/') {
		*why = "needs $CREDENTIALS_DIRECTORY, which systemd sets for a unit with "
		       "LoadCredential=";
		return NULL;
	}
	return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}

char *file_resolve(const struct loading *l, const struct conf_item *item, const char *text,
		   const char **why)
{
	const char *credential = behind(text, "credential:");
	char *path = NULL;

	*why = "";
	if (credential && item->type != CONF_TARGET)
		return credential_file(credential, why);
	if (behind(text, "pkcs11:")) {
		if (item->type == CONF_KEY)
			return strdup(text);
		*why = "is in a token, where only sign.key, credentials.*.key and "
		       "credentials.*.next-key may be";
		return NULL;
	}
	if (!l->folder || text[0] == '/' || text[0] == '\0')
		return strdup(text);
	return asprintf(&path, "%s/%s", l->folder, text) < 0 ? NULL : path;
}
