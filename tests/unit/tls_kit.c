/*
 * Certificates are those of pki.c with a name and a purpose put in, then signed anew.
 */
#include "tests/unit/tls_kit.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char folder[64];

static void need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "test set-up failed: %s\n", what);
	ERR_print_errors_fp(stderr);
	abort();
}

const char *kit_path(const char *file)
{
	static char rooms[8][128];
	static unsigned turn;
	char *room = rooms[turn++ % 8];

	if (!folder[0]) {
		snprintf(folder, sizeof(folder), "/tmp/shaken-tls-XXXXXX");
		need(mkdtemp(folder) != NULL, "folder");
	}
	snprintf(room, sizeof(rooms[0]), "%s/%s", folder, file);
	return room;
}

void kit_write(const char *file, const char *text, size_t len, unsigned mode)
{
	FILE *to = fopen(kit_path(file), "w");

	need(to && fwrite(text, 1, len, to) == len && fclose(to) == 0, file);
	need(chmod(kit_path(file), mode) == 0, file);
}

static void append(const char *file, FILE *to)
{
	FILE *from = fopen(kit_path(file), "r");
	char piece[4096];

	need(from != NULL, file);
	for (size_t n; (n = fread(piece, 1, sizeof(piece), from)) > 0;)
		need(fwrite(piece, 1, n, to) == n, file);
	fclose(from);
}

void kit_join(const char *to, const char *first, const char *second)
{
	FILE *out = fopen(kit_path(to), "w");

	need(out != NULL, to);
	append(first, out);
	append(second, out);
	fclose(out);
}

void kit_text(const char *file, char *out, size_t size)
{
	FILE *from = fopen(kit_path(file), "r");
	size_t len;

	need(from != NULL, file);
	len = fread(out, 1, size, from);
	need(len < size, file);
	out[len] = '\0';
	fclose(from);
}

void kit_clean(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", folder);
	need(!folder[0] || system(command) == 0, command);
}

static void add(X509 *cert, int nid, const char *text)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, text);
	need(ext && X509_add_ext(cert, ext, -1) == 1, text);
	X509_EXTENSION_free(ext);
}

/* Bytes that the library would not write. */
static void add_hex(X509 *cert, int nid, const char *hex)
{
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	uint8_t der[1024];
	int len = (int)pki_hex(hex, der, sizeof(der));
	X509_EXTENSION *ext;

	need(value && ASN1_OCTET_STRING_set(value, der, len), hex);
	ext = X509_EXTENSION_create_by_NID(NULL, nid, 0, value);
	need(ext && X509_add_ext(cert, ext, -1) == 1, hex);
	X509_EXTENSION_free(ext);
	ASN1_OCTET_STRING_free(value);
}

struct pki_cert kit_renew(const struct kit_cert *spec, EVP_PKEY *key)
{
	int64_t now = time(NULL);
	struct pki_spec how = {
		.cn = spec->cn ? spec->cn : "kit",
		.key = spec->key,
		.from = now + (spec->from || spec->to ? spec->from : -1) * KIT_DAY,
		.to = now + (spec->from || spec->to ? spec->to : 60) * KIT_DAY,
		.policies = "",
		.crldp = "",
		.tnauth = "",
	};
	struct pki_cert made = pki_issue(&how, spec->ca ? PKI_ROOT : PKI_LEAF, spec->issuer, key);
	EVP_PKEY *signer = spec->issuer ? spec->issuer->key : made.key;
	static struct pki_text text;
	char file[64];

	if (spec->san && strncmp(spec->san, "hex:", 4) == 0)
		add_hex(made.cert, NID_subject_alt_name, spec->san + 4);
	else if (spec->san)
		add(made.cert, NID_subject_alt_name, spec->san);
	if (spec->eku)
		add(made.cert, NID_ext_key_usage, spec->eku);
	need(X509_sign(made.cert, signer, EVP_sha256()) > 0, spec->name);

	text.len = 0;
	pki_add_cert(&text, made.cert);
	snprintf(file, sizeof(file), "%s.pem", spec->name);
	kit_write(file, text.text, text.len, 0644);
	text.len = 0;
	pki_add_key(&text, made.key);
	snprintf(file, sizeof(file), "%s.key", spec->name);
	kit_write(file, text.text, text.len, 0600);
	return made;
}

struct pki_cert kit_issue(const struct kit_cert *spec)
{
	return kit_renew(spec, NULL);
}

static void show(SSL *ssl, const char *name)
{
	char file[64];

	snprintf(file, sizeof(file), "%s.pem", name);
	need(SSL_use_certificate_chain_file(ssl, kit_path(file)) == 1, file);
	snprintf(file, sizeof(file), "%s.key", name);
	need(SSL_use_PrivateKey_file(ssl, kit_path(file), SSL_FILETYPE_PEM) == 1, file);
}

void kit_connect(struct tls *tls, const struct kit_client *how, struct kit_pair *out)
{
	struct kit_pair p = { .ctx = SSL_CTX_new(TLS_client_method()) };

	need(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p.fds) == 0, "socketpair");
	/* weak ones too: it is ours that must refuse */
	SSL_CTX_set_security_level(p.ctx, 0);
	SSL_CTX_set_min_proto_version(p.ctx, how->min ? how->min : TLS1_VERSION);
	SSL_CTX_set_max_proto_version(p.ctx, how->max);
	p.client = SSL_new(p.ctx);
	need(p.client && SSL_set_fd(p.client, p.fds[1]), "client");
	need(!how->ciphers || SSL_set_cipher_list(p.client, how->ciphers), "ciphers");
	need(!how->groups || SSL_set1_groups_list(p.client, (char *)(uintptr_t)how->groups),
	     "groups");
	need(!how->resume || SSL_set_session(p.client, how->resume), "session");
	if (how->cert)
		show(p.client, how->cert);
	SSL_set_connect_state(p.client);
	p.session = tls_session_new(tls, p.fds[0]);
	need(p.session != NULL, "session");
	*out = p;
}

enum tls_io kit_shake(struct kit_pair *p, bool *client_ok)
{
	enum tls_io ours = TLS_WANT_READ;

	*client_ok = false;
	for (int i = 0; i < 20; i++) {
		int theirs;

		ERR_clear_error();
		theirs = *client_ok ? 1 : SSL_do_handshake(p->client);
		*client_ok = theirs == 1;
		if (ours == TLS_WANT_READ || ours == TLS_WANT_WRITE)
			ours = tls_handshake(p->session);
		if ((ours == TLS_DONE && *client_ok) || ours == TLS_FAILED || ours == TLS_CLOSED)
			return ours;
		if (theirs != 1 && SSL_get_error(p->client, theirs) == SSL_ERROR_SSL &&
		    ours == TLS_DONE)
			return ours;
	}
	return ours;
}

int kit_client_read(struct kit_pair *p, char *out, int size)
{
	int n;

	ERR_clear_error();
	n = SSL_read(p->client, out, size);
	if (n > 0)
		return n;
	return SSL_get_error(p->client, n) == SSL_ERROR_WANT_READ ? 0 : -1;
}

void kit_drop(struct kit_pair *p)
{
	tls_session_free(p->session);
	SSL_free(p->client);
	SSL_CTX_free(p->ctx);
	for (int i = 0; i < 2; i++)
		if (p->fds[i] >= 0)
			close(p->fds[i]);
	ERR_clear_error();
}
