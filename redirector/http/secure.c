/*
 * One credentials object of GnuTLS for each generation of settings; every session is given the one
 * of its beginning (libmicrohttpd's own is never used), so that a reload changes certificate,
 * clients and versions from the next handshake on.
 *
 * Nothing is resumed: no tickets, no cache.
 */
#include "redirector/http/secure.h"

#include "redirector/http/secure_files.h"

#include <gnutls/x509.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	CHAIN_BITS_MAX = 8192,
	/* each certificate costs time and memory, also those that lead nowhere */
	HANDSHAKE_BYTES = 24 << 10,
};

/* BCP 195 (RFC 9325, 4.2): ephemeral keys and AEAD alone; our order, not the client's. */
#define PRIORITY(versions) \
	"NORMAL:-VERS-ALL:" versions ":-RSA:-DHE-RSA:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:" \
	"+CHACHA20-POLY1305:-MAC-ALL:+AEAD:-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:" \
	"+GROUP-SECP384R1:%SERVER_PRECEDENCE:%NO_TICKETS"

struct secure {
	_Atomic unsigned refs;
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t priority;
	enum conf_tls_clients clients;
	int64_t not_after;
};

/* In the handshake: who is shown and is no good goes no further. */
static int on_verify(gnutls_session_t session)
{
	gnutls_typed_vdata_st purpose = { GNUTLS_DT_KEY_PURPOSE_OID,
					  (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT, 0 };
	unsigned status = 0, count = 0;

	if (!gnutls_certificate_get_peers(session, &count) || count == 0)
		return 0; /* who must show one was refused before */
	if (count > SECURE_CHAIN_MAX ||
	    gnutls_certificate_verify_peers(session, &purpose, 1, &status) < 0 || status != 0)
		return GNUTLS_E_CERTIFICATE_ERROR;
	return 0;
}

static bool set_clients(struct secure *s, const struct http_conf *set, char why[256])
{
	gnutls_certificate_set_verify_function(s->credentials, on_verify);
	gnutls_certificate_set_verify_limits(s->credentials, CHAIN_BITS_MAX, SECURE_CHAIN_MAX);
	if (set->clients == TLS_CLIENTS_ANY || set->client_ca[0] == '\0')
		return true;
	return secure_read_roots(s->credentials, set->client_ca, why);
}

bool secure_new(const struct http_conf *set, struct secure **out, char why[256])
{
	SK_CLEANUP(secure_unref_p) struct secure *s = calloc(1, sizeof(*s));
	const char *priority = set->version == TLS_VERSION_1_3
				       ? PRIORITY("+VERS-TLS1.3")
				       : PRIORITY("+VERS-TLS1.3:+VERS-TLS1.2");

	snprintf(why, 256, "http: out of memory");
	if (!s)
		return false;
	s->refs = 1;
	s->clients = set->clients;
	if (gnutls_certificate_allocate_credentials(&s->credentials) < 0 ||
	    gnutls_priority_init(&s->priority, priority, NULL) < 0)
		return false;
	if (!secure_read_own(s->credentials, set, &s->not_after, why) || !set_clients(s, set, why))
		return false;
	why[0] = '\0';
	*out = sk_steal(s);
	return true;
}

struct secure *secure_ref(struct secure *s)
{
	if (s)
		atomic_fetch_add(&s->refs, 1);
	return s;
}

void secure_unref(struct secure *s)
{
	if (!s || atomic_fetch_sub(&s->refs, 1) > 1)
		return;
	if (s->credentials)
		gnutls_certificate_free_credentials(s->credentials);
	if (s->priority)
		gnutls_priority_deinit(s->priority);
	free(s);
}

int64_t secure_not_after(const struct secure *s)
{
	return s->not_after;
}

bool secure_session(struct secure *s, gnutls_session_t session)
{
	static const gnutls_certificate_request_t ask[] = {
		[TLS_CLIENTS_ANY] = GNUTLS_CERT_IGNORE,
		[TLS_CLIENTS_ASKED] = GNUTLS_CERT_REQUEST,
		[TLS_CLIENTS_REQUIRED] = GNUTLS_CERT_REQUIRE,
	};

	if (!s || gnutls_priority_set(session, s->priority) < 0 ||
	    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, s->credentials) < 0)
		return false;
	gnutls_certificate_server_set_request(session, ask[s->clients]);
	gnutls_handshake_set_max_packet_length(session, HANDSHAKE_BYTES);
	return true;
}

static bool is_name(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] <= 0x20 || text[i] == 0x7f)
			return false;
	return len > 0;
}

static size_t names_of(gnutls_x509_crt_t cert, struct sk_span names[SECURE_NAMES_MAX], char *text)
{
	size_t count = 0;

	for (unsigned i = 0; count < SECURE_NAMES_MAX && i < 4 * SECURE_NAMES_MAX; i++) {
		char *at = text + count * SECURE_NAME_LEN;
		size_t len = SECURE_NAME_LEN;
		int type = gnutls_x509_crt_get_subject_alt_name(cert, i, at, &len, NULL);

		if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			break;
		if (type == GNUTLS_SAN_DNSNAME && is_name(at, len))
			names[count++] = (struct sk_span){ at, len };
	}
	return count;
}

size_t secure_names(gnutls_session_t session, struct sk_span names[SECURE_NAMES_MAX], char **text)
{
	unsigned length = 0;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &length);
	gnutls_x509_crt_t cert;
	size_t count = 0;

	*text = NULL;
	if (!chain || length == 0 || gnutls_x509_crt_init(&cert) < 0)
		return 0;
	if (gnutls_x509_crt_import(cert, chain, GNUTLS_X509_FMT_DER) >= 0)
		*text = malloc((size_t)SECURE_NAMES_MAX * SECURE_NAME_LEN);
	if (*text)
		count = names_of(cert, names, *text);
	gnutls_x509_crt_deinit(cert);
	return count;
}
