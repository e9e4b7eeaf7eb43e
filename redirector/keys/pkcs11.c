/*
 * The one place that uses OpenSSL's engines, which 3.0 calls deprecated: Debian 12 has no
 * provider for PKCS#11.
 *
 * What surprises: libp11 keeps each key it has given out, and the key keeps the engine, so
 * that the library would never end.  pkcs11_close() therefore takes the engine out of the
 * key first.  The engine asks the terminal for a PIN that it misses; our user interface
 * has none to give.  And SoftHSM makes every engine it finds the default for all keys of the
 * process, those in files included: ours says that it is not to be found.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "redirector/keys/pkcs11.h"

#include "shaken/es256.h"

#include <dlfcn.h>
#include <openssl/ec.h>
#include <openssl/engine.h>
#include <openssl/err.h>
#include <openssl/ui.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

SK_DEFINE_CLEANUP(EVP_PKEY_CTX, EVP_PKEY_CTX_free)

/* Return values of PKCS#11 (2.40, section 5.1) that tell of the PIN; engine's errors carry them. */
enum {
	CKR_PIN_FIRST = 0xA0,
	CKR_PIN_LAST = 0xA4,
};

struct pkcs11 {
	void *library; /* held, so that its code stays while its ends and starts come and go */
	ENGINE *engine;
	UI_METHOD *no_terminal;
	bool started;
};

static int refuse_to_ask(UI *ui, UI_STRING *question)
{
	(void)ui;
	(void)question;
	return 0;
}

static bool load_library(struct pkcs11 *p, const char *module, char *why, size_t size)
{
	p->library = dlopen(module, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (!p->library) {
		snprintf(why, size, "%.200s", dlerror());
		return false;
	}
	if (!dlsym(p->library, "C_GetFunctionList")) {
		snprintf(why, size, "%.200s: is no PKCS#11 library", module);
		return false;
	}
	return true;
}

/* OpenSSL unloads an engine at the end of the process, where the library may still call it. */
static void hold_engine(ENGINE *engine)
{
	ENGINE_CTRL_FUNC_PTR function = ENGINE_get_ctrl_function(engine);
	void *address;
	Dl_info info;

	memcpy(&address, &function, sizeof(address));
	if (function && dladdr(address, &info) != 0)
		dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}

static bool load_engine(struct pkcs11 *p, const char *module, char *why, size_t size)
{
	p->engine = ENGINE_by_id("pkcs11");
	if (!p->engine) {
		snprintf(why, size,
			 "OpenSSL has no engine pkcs11 (Debian: libengine-pkcs11-openssl)");
		return false;
	}
	hold_engine(p->engine);
	ENGINE_set_flags(p->engine, ENGINE_get_flags(p->engine) | ENGINE_FLAGS_NO_REGISTER_ALL);
	p->no_terminal = UI_create_method("no terminal");
	if (!p->no_terminal || UI_method_set_reader(p->no_terminal, refuse_to_ask) != 0 ||
	    ENGINE_ctrl_cmd_string(p->engine, "MODULE_PATH", module, 0) != 1 ||
	    ENGINE_ctrl_cmd_string(p->engine, "QUIET", NULL, 0) != 1) {
		snprintf(why, size, "OpenSSL's engine pkcs11 does not take the library");
		return false;
	}
	return true;
}

bool pkcs11_new(const char *module, struct pkcs11 **out, char *why, size_t size)
{
	struct pkcs11 *p = calloc(1, sizeof(*p));

	if (!p) {
		snprintf(why, size, "%s", sk_err_text(SK_ENOMEM));
		return false;
	}
	if (!load_library(p, module, why, size) || !load_engine(p, module, why, size)) {
		ERR_clear_error();
		pkcs11_free(p);
		return false;
	}
	*out = p;
	return true;
}

void pkcs11_free(struct pkcs11 *p)
{
	if (!p)
		return;
	pkcs11_stop(p);
	ENGINE_free(p->engine);
	UI_destroy_method(p->no_terminal);
	if (p->library)
		dlclose(p->library);
	free(p);
}

void pkcs11_stop(struct pkcs11 *p)
{
	if (p->started)
		ENGINE_finish(p->engine);
	p->started = false;
	ERR_clear_error();
}

/* What the library said last, as far as it matters to us. */
static enum pkcs11_fault fault_of_errors(void)
{
	enum pkcs11_fault fault = PKCS11_LIBRARY;
	unsigned long error;

	while ((error = ERR_get_error())) {
		const char *from = ERR_lib_error_string(error);
		const char *text = ERR_reason_error_string(error);
		int reason = ERR_GET_REASON(error);

		if (!from || !text)
			continue;
		if (strcmp(from, "PKCS#11 module") == 0 && reason >= CKR_PIN_FIRST &&
		    reason <= CKR_PIN_LAST)
			fault = PKCS11_PIN;
		if (strcmp(from, "pkcs11 engine") == 0 && strstr(text, "not found") &&
		    fault == PKCS11_LIBRARY)
			fault = PKCS11_OBJECT;
	}
	return fault;
}

static bool is_p256(const EVP_PKEY *key)
{
	const EC_KEY *ec = EVP_PKEY_get0_EC_KEY(key);
	const EC_GROUP *group = ec ? EC_KEY_get0_group(ec) : NULL;

	return group && EC_GROUP_get_curve_name(group) == NID_X9_62_prime256v1;
}

enum pkcs11_fault pkcs11_open(struct pkcs11 *p, const char *uri, const char *pin, EVP_PKEY **out)
{
	EVP_PKEY *key;

	ERR_clear_error();
	if (!p->started && ENGINE_init(p->engine) != 1)
		return PKCS11_LIBRARY;
	p->started = true;
	/* each time: the engine forgets a PIN that was not taken */
	if (pin && ENGINE_ctrl_cmd_string(p->engine, "PIN", pin, 0) != 1)
		return PKCS11_LIBRARY;
	key = ENGINE_load_private_key(p->engine, uri, p->no_terminal, NULL);
	if (!key)
		return fault_of_errors();
	ERR_clear_error();
	if (!is_p256(key)) {
		pkcs11_close(key);
		return PKCS11_KIND;
	}
	*out = key;
	return PKCS11_NONE;
}

void pkcs11_close(EVP_PKEY *key)
{
	if (!key)
		return;
	EVP_PKEY_set1_engine(key, NULL);
	EVP_PKEY_free(key);
}

bool pkcs11_sign(EVP_PKEY *key, struct sk_span msg, uint8_t sig[SK_SIG_LEN])
{
	SK_CLEANUP(EVP_PKEY_CTX_free_p) EVP_PKEY_CTX *ctx = NULL;
	uint8_t hash[32], der[SK_DER_SIG_MAX];
	size_t len = sizeof(der);
	bool ok;

	ERR_clear_error();
	ctx = EVP_PKEY_CTX_new(key, NULL);
	ok = ctx && EVP_Digest(msg.ptr, msg.len, hash, NULL, EVP_sha256(), NULL) == 1 &&
	     EVP_PKEY_sign_init(ctx) == 1 &&
	     EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1 &&
	     EVP_PKEY_sign(ctx, der, &len, hash, sizeof(hash)) == 1 &&
	     sk_es256_from_der(der, len, sig);
	ERR_clear_error();
	return ok;
}
