/*
 * Three things surprise.  curl's own URL parser is lenient, so sk_url_parse()
 * goes first.  The address is judged where the socket is opened: after the last
 * look at the name server there is no other.  And curl's size limits do not see
 * everything, so the bytes are counted here.
 */
#include "redirector/certs/transfer.h"

#include "redirector/certs/address.h"
#include "redirector/certs/store.h"
#include "redirector/certs/tls_store.h"
#include "shaken/cert.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void rules_unref(struct rules *rules)
{
	if (!rules || --rules->refs > 0)
		return;
	curl_slist_free_all(rules->connect_to);
	X509_STORE_free(rules->store);
	free(rules);
}

/*
 * certs.resolve as CURLOPT_CONNECT_TO: unlike CURLOPT_RESOLVE it leaves nothing
 * behind in curl's memory of names, which would outlive a reload.
 */
static bool add_route(struct rules *rules, const char *from, const char *to)
{
	const char *port = strrchr(from, ':');
	char text[SK_URL_MAX + ADDR_TEXT_SIZE], full[2 * ADDR_TEXT_SIZE];
	struct curl_slist *list;
	struct addr addr;

	if (!port || port == from)
		return false;
	snprintf(full, sizeof(full), strchr(to, ':') && to[0] != '[' ? "[%.64s]%s" : "%.64s%s", to,
		 port);
	if (!addr_parse(sk_span_of(full), &addr) && !addr_parse(sk_span_of(to), &addr))
		return false;
	addr_print(&addr, full);
	if ((size_t)snprintf(text, sizeof(text), "%s:%s", from, full) >= sizeof(text))
		return false;
	list = curl_slist_append(rules->connect_to, text);
	if (list)
		rules->connect_to = list;
	return list != NULL;
}

bool rules_new(const struct certs_conf *conf, struct rules **out, char why[256])
{
	SK_CLEANUP(rules_unref_p) struct rules *rules = calloc(1, sizeof(*rules));

	if (!rules) {
		snprintf(why, 256, "out of memory");
		return false;
	}
	*rules = (struct rules){ .refs = 1, .lab = conf->lab, .timeout = conf->timeout };
	for (size_t i = 0; i < conf->resolve.count; i++) {
		if (!add_route(rules, conf->resolve.keys[i], conf->resolve.values[i])) {
			snprintf(why, 256,
				 "certs.resolve: \"%.100s\" -> \"%.60s\" is not host:port -> "
				 "address",
				 conf->resolve.keys[i], conf->resolve.values[i]);
			return false;
		}
	}
	if (!tls_store_new(conf->tls_ca, &rules->store, why))
		return false;
	*out = sk_steal(rules);
	return true;
}

static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct transfer *t = arg;
	struct addr addr = { .len = to->addrlen };

	if (purpose != CURLSOCKTYPE_IPCXN || to->addrlen > sizeof(addr.sa))
		return CURL_SOCKET_BAD;
	memcpy(&addr.sa, &to->addr, to->addrlen);
	if (!t->rules->lab && !address_may_ask(&addr)) {
		t->refused++;
		return CURL_SOCKET_BAD;
	}
	t->opened++;
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static CURLcode on_ssl_ctx(CURL *easy, void *ssl_ctx, void *arg)
{
	struct transfer *t = arg;

	(void)easy;
	return tls_store_use(ssl_ctx, t->rules->store) == 1 ? CURLE_OK : CURLE_SSL_CERTPROBLEM;
}

static size_t on_header(char *line, size_t one, size_t len, void *arg)
{
	struct transfer *t = arg;

	t->header_bytes += one * len;
	if (t->header_bytes > FETCH_HEADERS_MAX) {
		t->stopped = SK_FETCH_SIZE;
		return 0;
	}
	if (len > 5 && memcmp(line, "HTTP/", 5) == 0)
		freshness_init(&t->headers); /* what a 1xx in front said does not count */
	else
		freshness_header(&t->headers, (struct sk_span){ line, one * len });
	return one * len;
}

/* A certificate's file fits at once; a list's grows with what has come, not with what was promised.
 */
static bool make_room(struct transfer *t, size_t need)
{
	size_t room = t->room ? t->room : SK_CERT_FILE_MAX;
	char *body;

	while (room < need)
		room *= 2;
	if (t->body && room == t->room)
		return true;
	body = realloc(t->body, room + 1); /* a NUL may be put behind it */
	if (!body)
		return false;
	t->body = body;
	t->room = room;
	return true;
}

/* MAXFILESIZE does not see a chunked body, so the bytes are counted here. */
static size_t on_body(char *bytes, size_t one, size_t len, void *arg)
{
	struct transfer *t = arg;
	long status = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200)
		t->stopped = SK_FETCH_STATUS;
	else if (one * len > t->max - t->len)
		t->stopped = SK_FETCH_SIZE;
	else if (!make_room(t, t->len + one * len))
		t->stopped = SK_ENOMEM;
	if (t->stopped != SK_OK)
		return 0;
	memcpy(t->body + t->len, bytes, one * len);
	t->len += one * len;
	return one * len;
}

#define SET(option, value) (bad |= curl_easy_setopt(easy, (option), (value)) != CURLE_OK)

/* What may be asked, and of whom. */
static bool set_request(struct transfer *t, CURL *easy)
{
	bool bad = false;

	SET(CURLOPT_URL, t->url);
	SET(CURLOPT_PROTOCOLS_STR, "https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROXY, ""); /* else the environment may name one */
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	SET(CURLOPT_OPENSOCKETFUNCTION, on_open);
	SET(CURLOPT_OPENSOCKETDATA, t);
	SET(CURLOPT_CONNECT_TO, t->rules->connect_to);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_HTTP09_ALLOWED, 0L);
	SET(CURLOPT_HTTP_CONTENT_DECODING, 0L); /* no compressed bombs */
	SET(CURLOPT_USERAGENT, "shaken-redirector");
	SET(CURLOPT_HTTPHEADER, t->lines);
	SET(CURLOPT_FRESH_CONNECT, 1L);
	SET(CURLOPT_FORBID_REUSE, 1L);
	return !bad;
}

int64_t transfer_timeout(const struct transfer *t)
{
	const int64_t timeout = t->rules->timeout;

	if (t->max > SK_CERT_FILE_MAX && timeout < FETCH_LIST_TIMEOUT)
		return FETCH_LIST_TIMEOUT;
	return timeout;
}

/* How long, how much, and by whose word. */
static bool set_limits(struct transfer *t, CURL *easy)
{
	long timeout = (long)transfer_timeout(t);
	bool bad = false;

	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_QUICK_EXIT, 1L); /* do not wait for a silent name server */
	SET(CURLOPT_TIMEOUT_MS, timeout);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)(t->rules->timeout + 1) / 2);
	SET(CURLOPT_MAXFILESIZE, (long)t->max);
	SET(CURLOPT_BUFFERSIZE, 16384L);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, t);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, t);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_CAINFO, NULL); /* only what on_ssl_ctx() gives it */
	SET(CURLOPT_CAPATH, NULL);
	SET(CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx);
	SET(CURLOPT_SSL_CTX_DATA, t);
	return !bad;
}

void transfer_end(struct transfer *t)
{
	curl_easy_cleanup(t->easy);
	curl_slist_free_all(t->lines);
	free(t->body);
	t->easy = NULL;
	t->lines = NULL;
	t->body = NULL;
}

/* b64token (RFC 6750, 2.1): nothing that could end the header line. */
static bool is_token(struct sk_span text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !memchr("-._~+/=", c, 7))
			return false;
	}
	return text.len <= FETCH_BEARER_MAX;
}

enum sk_err transfer_accept(struct transfer *t, const struct rules *rules,
			    const struct fetch_job *job, struct sk_url *url)
{
	struct sk_span text = job->url;

	if (!sk_url_parse(text, rules->lab ? SK_URL_LAB : SK_URL_STRICT, NULL) ||
	    text.len > SK_URL_MAX || !is_token(job->bearer))
		return SK_FETCH_REFUSED;
	memcpy(t->url, text.ptr, text.len);
	t->url[text.len] = '\0';
	return sk_url_parse((struct sk_span){ t->url, text.len }, SK_URL_LAB, url)
		       ? SK_OK
		       : SK_FETCH_REFUSED;
}

SK_PRINTF(2, 3)
static bool add_line(struct transfer *t, const char *format, ...)
{
	char line[FETCH_BEARER_MAX + 64];
	struct curl_slist *list;
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	list = curl_slist_append(t->lines, line);
	if (list)
		t->lines = list;
	OPENSSL_cleanse(line, sizeof(line)); /* a token may have been in it */
	return list != NULL;
}

static bool add_lines(struct transfer *t, const struct fetch_job *job)
{
	if (t->conditional &&
	    !add_line(t, "If-None-Match: %.*s", (int)job->etag.len, job->etag.ptr))
		return false;
	if (job->bearer.len > 0 &&
	    !add_line(t, "Authorization: Bearer %.*s", (int)job->bearer.len, job->bearer.ptr))
		return false;
	/* curl would send Expect and wait a second for a server that does not know it */
	return job->post.len == 0 ||
	       (add_line(t, "Content-Type: application/json") && add_line(t, "Expect:"));
}

static bool set_post(CURL *easy, struct sk_span post)
{
	bool bad = false;

	if (post.len == 0)
		return true;
	SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)post.len);
	SET(CURLOPT_COPYPOSTFIELDS, post.ptr);
	return !bad;
}

enum sk_err transfer_begin(struct transfer *t, const struct rules *rules,
			   const struct fetch_job *job)
{
	t->rules = rules;
	t->max = job->max ? job->max : SK_CERT_FILE_MAX;
	if (t->max > STORE_BODY_MAX)
		t->max = STORE_BODY_MAX;
	freshness_init(&t->headers);
	t->conditional =
		job->etag.len > 0 && job->etag.len < FRESHNESS_ETAG_SIZE && job->post.len == 0;
	if (!add_lines(t, job))
		return SK_ENOMEM;
	t->easy = curl_easy_init();
	if (!t->easy)
		return SK_ENOMEM;
	return set_request(t, t->easy) && set_limits(t, t->easy) && set_post(t->easy, job->post)
		       ? SK_OK
		       : SK_EINTERNAL;
}

/* clang-format off */
static const struct {
	CURLcode code;
	enum sk_err err;
} outcomes[] = {
	{ CURLE_COULDNT_RESOLVE_HOST,     SK_FETCH_DNS },
	{ CURLE_OPERATION_TIMEDOUT,       SK_FETCH_TIMEOUT },
	{ CURLE_SSL_CONNECT_ERROR,        SK_FETCH_TLS },
	{ CURLE_PEER_FAILED_VERIFICATION, SK_FETCH_TLS },
	{ CURLE_SSL_CERTPROBLEM,          SK_FETCH_TLS },
	{ CURLE_SSL_CIPHER,               SK_FETCH_TLS },
	{ CURLE_SSL_ISSUER_ERROR,         SK_FETCH_TLS },
	{ CURLE_FILESIZE_EXCEEDED,        SK_FETCH_SIZE },
	{ CURLE_OUT_OF_MEMORY,            SK_FETCH_SIZE }, /* so says curl of a header line beyond 100 KB */
	{ CURLE_WEIRD_SERVER_REPLY,       SK_FETCH_STATUS },
	{ CURLE_UNSUPPORTED_PROTOCOL,     SK_FETCH_STATUS }, /* HTTP/0.9 */
	{ CURLE_GOT_NOTHING,              SK_FETCH_STATUS },
	{ CURLE_URL_MALFORMAT,            SK_FETCH_REFUSED },
	{ CURLE_LOGIN_DENIED,             SK_FETCH_REFUSED },
};
/* clang-format on */

static enum sk_err outcome(const struct transfer *t, CURLcode code, long status)
{
	if (t->stopped != SK_OK)
		return t->stopped;
	if (code == CURLE_OK)
		return status == 200 || (status == 304 && t->conditional) ? SK_OK : SK_FETCH_STATUS;
	if (t->refused > 0 && t->opened == 0)
		return SK_FETCH_REFUSED;
	for (size_t i = 0; i < SK_COUNT(outcomes); i++)
		if (outcomes[i].code == code)
			return outcomes[i].err;
	return SK_FETCH_CONNECT;
}

struct fetch_result transfer_result(const struct transfer *t, CURLcode code)
{
	struct fetch_result result = { .headers = t->headers };
	long status = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	result.err = outcome(t, code, status);
	result.not_modified = result.err == SK_OK && status == 304;
	if (result.err == SK_OK && !result.not_modified)
		result.body = (struct sk_span){ t->body ? t->body : "", t->len };
	return result;
}
